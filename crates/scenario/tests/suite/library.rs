//! The scenarios that the project ships, and the files that describe their language.

use crate::{parse, root, shipped, whole};
use plan::{Driver, Origin};

#[test]
fn every_shipped_scenario_makes_a_plan() {
    let all = shipped();
    assert!(all.len() >= 35, "{} scenarios", all.len());
    for (name, text) in all {
        let read = whole(&text).unwrap_or_else(|faults| panic!("{name}: {:?}", miette::Report::new(faults)));
        let (plan, claims) = (read.plan, read.claims);
        assert_eq!(claims.transactions.len(), plan.transactions.len(), "{name}");
        let each = claims.transactions.iter().zip(&plan.transactions);
        assert!(each.clone().all(|(list, t)| !list.is_empty() || t.dialogue.is_some()), "{name}");
        let awaited = each.filter(|(_, t)| t.dialogue.is_some()).count();
        let all = (claims.transactions.iter().map(claims::ClaimList::len))
            .chain(claims.probes.iter().map(claims::ClaimList::len))
            .chain(claims.lookups.iter().map(claims::ClaimList::len))
            .chain(claims.reports.iter().map(claims::ClaimList::len));
        assert!(all.sum::<usize>() + awaited + claims.settings.len() > 0, "{name}");
    }
}

#[test]
fn every_shipped_scenario_fits_the_schema() {
    let schema = scenario::schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for (name, text) in shipped() {
        let table: toml::Table = text.parse().unwrap();
        let value = serde_json::to_value(table).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    use crate::{diagnostics, seams};
    let validator = jsonschema::draft202012::new(&scenario::schema()).unwrap();
    for (good, spoiled) in [(diagnostics::GOOD, diagnostics::FORM), (seams::GOOD, seams::FORM)] {
        let whole: toml::Table = good.parse().unwrap();
        assert!(validator.is_valid(&serde_json::to_value(&whole).unwrap()));
        for (from, to) in spoiled {
            let text = good.replacen(from, to, 1);
            let bad: toml::Table = text.parse().unwrap();
            assert!(!validator.is_valid(&serde_json::to_value(&bad).unwrap()), "{to}");
            assert!(parse(&text).is_err(), "{to}");
        }
    }
}

#[test]
fn a_plan_holds_what_the_file_says() {
    let (_, text) = shipped().into_iter().find(|(name, _)| name.ends_with("dmarc/forged-from-reject.toml")).unwrap();
    let scenario::Scenario { plan, claims } = whole(&text).unwrap();
    assert_eq!(plan.cites, ["RFC 9989 §4.3", "RFC 7208 §2.6.4"]);
    assert_eq!(
        plan.zones[0].records,
        "$TTL 0\nbank.example. IN TXT \"v=spf1 ip4:192.0.2.10 -all\"\n\
         _dmarc.bank.example. IN TXT \"v=DMARC1; p=reject; adkim=s; aspf=s\"\n"
    );
    let forged = &plan.transactions[0];
    assert_eq!((forged.label.as_str(), claims.transactions[0].len()), ("forged", 4));
    assert!(matches!(&forged.origin, Origin::Client(client) if client.driver == Driver::WellBehaved));
    assert_eq!(&text[forged.rcpt_to[0].span.clone()], "\"{alice}\"");
    assert_eq!(forged.rcpt_to[0].value.to_string(), "alice@gateway.example");
    let control = claims.transactions[1].iter().last().unwrap();
    assert_eq!((control.key, control.claim.words().as_str()), ("outcome", "delivered to INBOX"));
    assert_eq!(&text[control.span.clone()], "{ delivered = \"INBOX\" }");
}

#[test]
fn the_reference_names_every_role() {
    let reference = scenario::reference();
    for (written, meaning) in plan::ROLES {
        assert!(reference.contains(&format!("| `{written}` | {meaning} |")), "{written}");
    }
}

#[test]
fn the_library_speaks_of_the_gateway_by_role_alone() {
    for (name, text) in shipped() {
        assert!(
            !text.to_ascii_lowercase().contains("gateway.example"),
            "{name} names one gateway: write {{gateway}}, {{alice}}, …"
        );
    }
}

#[test]
fn parents_come_before_their_children() {
    let (_, text) = shipped().into_iter().find(|(name, _)| name.ends_with("dmarc/strict-alignment.toml")).unwrap();
    let names: Vec<String> = parse(&text).unwrap().zones.iter().map(|zone| zone.origin.to_string()).collect();
    assert_eq!(names, ["strict.example", "news.strict.example"]);
}

#[test]
fn the_written_schema_and_reference_are_in_step() {
    let schema = serde_json::to_string_pretty(&scenario::schema()).unwrap() + "\n";
    for (file, made) in [("scenarios/schema.json", schema), ("docs/scenario.md", scenario::reference())] {
        let written = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(written == made, "{file} is not in step: run `cargo xtask schema --write`");
    }
}

#[test]
fn the_examples_of_the_reference_are_good() {
    let reference = scenario::reference();
    let examples: Vec<&str> = reference.split("```").filter_map(|block| block.strip_prefix("toml\n")).collect();
    let plans =
        examples.iter().map(|text| parse(text).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults))));
    let counts: Vec<_> =
        plans.map(|p| (p.transactions.len(), p.hosts.len(), p.probes.len(), p.lookups.len())).collect();
    assert_eq!(counts, [(2, 0, 0, 0), (2, 2, 0, 0), (0, 0, 1, 1)]);
}
