//! The probe as a user calls it, and against other scanners on the same gateway, fact by fact.

use crate::{Failed, Held, Trial, run, scratch, trial};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

const NAME: &str = "mx.gateway.example";

/// Those that need no engine.
pub(crate) fn pure() -> Vec<Trial> {
    vec![
        trial("probe::a_wrong_word_is_a_usage_error", a_wrong_word_is_a_usage_error),
        trial("probe::a_wrong_file_is_named", a_wrong_file_is_named),
        trial("probe::where_nobody_listens_nothing_is_told", where_nobody_listens_nothing_is_told),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("probe::agrees_with_testssl_and_sslyze", agrees_with_testssl_and_sslyze),
        trial("probe::a_gateway_is_judged_by_a_profile", a_gateway_is_judged_by_a_profile),
    ]
}

fn a_wrong_word_is_a_usage_error() -> Result<(), Failed> {
    run(&["probe", "localhost:25", "--gateway", "hardened"])?.must(2, &["HOST:PORT|NAME|DIR"])?;
    run(&["probe", "localhost:1"])?.must(2, &["no service has port 1 of its own", "--service"])?;
    run(&["probe", "localhost:25", "--service", "https"])?.must(2, &["`https` is no service; expected smtp"])?;
    run(&["probe", "localhost:25", "--profile", "modern"])?.must(2, &["no profile `modern`", "mozilla-modern"])
}

fn a_wrong_file_is_named() -> Result<(), Failed> {
    let directory = scratch("probe-files")?;
    let (profile, roots) = (directory.join("mine.toml"), directory.join("roots.pem"));
    fs::write(&profile, "versions = 12\n")?;
    fs::write(&roots, "no certificate\n")?;
    let (profile, roots) = (profile.display().to_string(), roots.display().to_string());
    run(&["probe", "localhost:25", "--profile", &profile])?.must(3, &["mine.toml"])?;
    run(&["probe", "localhost:25", "--ca", &roots])?.must(3, &["roots.pem", "PEM"])?;
    run(&["probe", "no-such-gateway"])?.must(3, &["no-such-gateway"])
}

fn where_nobody_listens_nothing_is_told() -> Result<(), Failed> {
    // a port that was free a moment ago
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let server = format!("127.0.0.1:{port}");
    run(&["probe", &server, "--service", "smtp"])?.must(4, &["no connection", "is the service running"])?;
    let json = run(&["probe", &server, "--service", "smtp", "--json"])?;
    json.must(4, &[])?;
    let shown: Value = serde_json::from_str(&json.out)?;
    if shown[0]["probed"]["unobserved"].is_string() { Ok(()) } else { Err(format!("{shown:#}").into()) }
}

fn a_gateway_is_judged_by_a_profile() -> Result<(), Failed> {
    let words = ["probe", "hardened", "--service", "smtp", "--profile", "mozilla-intermediate"];
    run(&words)?.must(0, &["TLSv1.3: yes", "X25519MLKEM768", "Profile mozilla-intermediate"])?;
    let words = ["probe", "documented-2018", "--service", "smtp", "--profile", "mozilla-intermediate", "--json"];
    let judged = run(&words)?;
    judged.must(1, &[])?;
    let shown: Value = serde_json::from_str(&judged.out)?;
    let deviations = shown[0]["deviations"].as_array().map_or(0, Vec::len);
    if deviations > 0 { Ok(()) } else { Err(format!("no deviation:\n{shown:#}").into()) }
}

/// What is said of a server, by what it is about.
type Facts = BTreeMap<String, String>;

/// Asks a tool about a server.
type Reader = fn(&PathBuf, &str) -> Result<Facts, Failed>;

fn agrees_with_testssl_and_sslyze() -> Result<(), Failed> {
    let sslyze = std::env::var_os("MAILPROOF_SSLYZE").map(PathBuf::from).or_else(|| installed("sslyze"));
    let tools: [(&str, Option<PathBuf>, Reader); 2] = [
        ("testssl.sh", installed("testssl.sh").or_else(|| installed("testssl")), by_testssl),
        ("sslyze", sslyze, by_sslyze),
    ];
    for (name, _, _) in tools.iter().filter(|(_, program, _)| program.is_none()) {
        println!("{name} is not installed, not compared");
    }
    if tools.iter().all(|(_, program, _)| program.is_none()) {
        return Ok(());
    }
    let mut differences = Vec::new();
    for gateway in ["hardened", "documented-2018", "debian-stock"] {
        let held = Held::up(gateway)?;
        let address = held.smtp(NAME)?;
        let ours = ours(address)?;
        for (name, program, facts) in &tools {
            let Some(program) = program else { continue };
            let theirs = facts(program, address)?;
            if theirs.len() < 10 {
                return Err(format!("{name} says little of {gateway}: {theirs:#?}").into());
            }
            let asked = |about: &str| match ours.get(about) {
                Some(ours) if *name == "sslyze" && about.starts_with("suites") => Some(asked_by_sslyze(ours)),
                ours => ours.cloned(),
            };
            let differs = theirs.iter().filter(|(about, said)| asked(about).as_ref() != Some(*said));
            let tell = |(about, said)| format!("{gateway}: {about}: {name} {said}, ours {:?}", ours.get(about));
            differences.extend(differs.map(tell));
        }
    }
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n").into()) }
}

/// Without the suites that it does not ask for.
fn asked_by_sslyze(said: &str) -> String {
    const UNASKED: [&str; 2] = ["TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256", "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256"];
    set(said.split(' ').filter(|word| !UNASKED.contains(word)))
}

fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|program| program.is_file())
}

fn json(path: &PathBuf) -> Result<Value, Failed> {
    // sslyze writes primes as numbers, which are none to compute with
    let primes = regex::Regex::new(r": (\d{20,})")?;
    Ok(serde_json::from_str(&primes.replace_all(&fs::read_to_string(path)?, ": \"$1\""))?)
}

/// Sorted, so that order is nobody's matter.
fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: BTreeSet<&str> = words.into_iter().collect();
    if words.is_empty() { "none".to_owned() } else { words.into_iter().collect::<Vec<_>>().join(" ") }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn ours(address: &str) -> Result<Facts, Failed> {
    let said = run(&["probe", address, "--sni", NAME, "--json"])?;
    said.must(0, &[])?;
    let shown: Value = serde_json::from_str(&said.out)?;
    let seen = &shown[0]["probed"]["seen"];
    let mut facts = Facts::new();
    let mut orders = BTreeSet::new();
    for version in seen["versions"].as_array().ok_or("no versions")? {
        let name = version["version"].as_str().unwrap_or_default();
        facts.insert(format!("suites of {name}"), set(texts(&version["suites"]["seen"])));
        orders.extend(version["order"].as_str());
    }
    facts.insert("order".to_owned(), set(orders));
    // post-quantum groups neither of them knows yet
    let (fields, curves): (Vec<_>, Vec<_>) = texts(&seen["groups"]["seen"])
        .filter(|group| !group.contains("MLKEM"))
        .partition(|group| group.starts_with("ffdhe"));
    facts.insert("groups".to_owned(), set(curves));
    // testssl.sh tells the group of DHE where TLS 1.3 has none
    let dh = &seen["dh"]["seen"];
    let bits = dh["bits"].as_u64().map(|bits| bits.to_string());
    let of_dhe = dh["name"].as_str().map(str::to_owned).or(bits).unwrap_or_else(|| "none".to_owned());
    facts.insert("finite fields".to_owned(), if fields.is_empty() { of_dhe } else { set(fields) });
    let chains = &seen["chains"]["seen"];
    let own = &chains[0]["certificates"][0];
    facts.insert("certificates".to_owned(), chains.as_array().map_or(0, Vec::len).to_string());
    facts.insert("names".to_owned(), set(texts(&own["names"])));
    facts.insert("key".to_owned(), own["key"].as_str().unwrap_or_default().replace("P-", ""));
    for (feature, said) in seen["features"].as_object().ok_or("no features")? {
        let said = said["seen"].as_bool().map_or("unobserved", yes_or_no);
        facts.insert(feature.clone(), said.to_owned());
    }
    Ok(facts)
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn by_testssl(program: &PathBuf, address: &str) -> Result<Facts, Failed> {
    let file = scratch("testssl")?.join("found.json");
    let words = ["-p", "-s", "-f", "-E", "-S", "-P", "--starttls", "smtp", "--jsonfile"];
    Command::new(program).args(words).arg(&file).arg(address).stdin(Stdio::null()).output()?;
    let found = json(&file)?;
    let found: Vec<(&str, &str)> = found
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["id"].as_str()?, one["finding"].as_str()?)))
        .collect();
    let said = |id: &str| found.iter().find(|(about, _)| *about == id).map(|(_, said)| *said);
    let mut facts = Facts::new();
    let versions = [
        ("tls1", "TLSv1", "TLS1"),
        ("tls1_1", "TLSv1.1", "TLS1_1"),
        ("tls1_2", "TLSv1.2", "TLS1_2"),
        ("tls1_3", "TLSv1.3", "TLS1_3"),
    ];
    for (word, name, offered) in versions {
        let prefix = format!("cipher-{word}_x");
        let of = found.iter().filter(|(id, _)| id.starts_with(&prefix));
        let suites = set(of.filter_map(|(_, said)| said.split_whitespace().last()));
        let is_offered = said(offered).ok_or("no protocols")?.starts_with("offered");
        if is_offered == (suites == "none") {
            return Err(format!("testssl.sh contradicts itself about {name}").into());
        }
        facts.insert(format!("suites of {name}"), suites);
    }
    if said("SSLv3") == Some("not offered") {
        facts.insert("suites of SSLv3".to_owned(), "none".to_owned());
    }
    let order = if said("cipher_order").ok_or("no order")?.starts_with("NOT") { "client" } else { "server" };
    facts.insert("order".to_owned(), order.to_owned());
    let groups = said("PFS_ECDHE_curves").unwrap_or_default();
    facts.insert("groups".to_owned(), set(groups.split_whitespace().map(group)));
    let fields = said("DH_groups").unwrap_or_default().split_whitespace();
    facts.insert("finite fields".to_owned(), set(fields));
    facts.insert("certificates".to_owned(), said("cert_numbers").unwrap_or_default().to_owned());
    facts.insert("names".to_owned(), set(said("cert_subjectAltName").unwrap_or_default().split_whitespace()));
    facts.insert("key".to_owned(), said("cert_keySize").unwrap_or_default().replace(" bits", ""));
    let extensions = said("TLS_extensions").unwrap_or_default();
    for (feature, word) in [
        ("secure_renegotiation", "renegotiation info"),
        ("extended_master_secret", "extended master secret"),
        // testssl.sh's word, which is none of mail
        ("tickets", concat!("sess", "ion ticket")),
    ] {
        facts.insert(feature.to_owned(), yes_or_no(extensions.contains(word)).to_owned());
    }
    // its check fails at times, "because of connect problem"
    let resumes = ["sessionresumption_ticket", "sessionresumption_ID"].map(said);
    if resumes.contains(&Some("supported")) || resumes == [Some("not supported"); 2] {
        facts.insert("resumption".to_owned(), yes_or_no(resumes.contains(&Some("supported"))).to_owned());
    }
    facts.insert("ocsp_stapling".to_owned(), yes_or_no(said("OCSP_stapling") != Some("not offered")).to_owned());
    Ok(facts)
}

/// Our name for a group.
fn group(name: &str) -> &str {
    match name {
        "prime256v1" => "secp256r1",
        "X25519" => "x25519",
        "X448" => "x448",
        other => other,
    }
}

fn by_sslyze(program: &PathBuf, address: &str) -> Result<Facts, Failed> {
    let file = scratch("sslyze")?.join("found.json");
    let words = "--starttls smtp --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3 --elliptic_curves --certinfo --compression \
                 --reneg --fallback --early_data --resum --json_out";
    Command::new(program).args(words.split_whitespace()).arg(&file).arg(address).stdin(Stdio::null()).output()?;
    let found = json(&file)?;
    let found = &found["server_scan_results"][0]["scan_result"];
    let mut facts = Facts::new();
    let versions = [
        ("ssl_3_0", "SSLv3"),
        ("tls_1_0", "TLSv1"),
        ("tls_1_1", "TLSv1.1"),
        ("tls_1_2", "TLSv1.2"),
        ("tls_1_3", "TLSv1.3"),
    ];
    for (word, name) in versions {
        let suites = &found[format!("{word}_cipher_suites")]["result"]["accepted_cipher_suites"];
        let suites = suites.as_array().ok_or_else(|| format!("nothing of {name}"))?;
        let names = suites.iter().filter_map(|suite| suite["cipher_suite"]["name"].as_str());
        facts.insert(format!("suites of {name}"), set(names));
    }
    let groups = found["elliptic_curves"]["result"]["supported_curves"].as_array().ok_or("no curves")?;
    facts.insert("groups".to_owned(), set(groups.iter().filter_map(|curve| curve["name"].as_str()).map(group)));
    let chains = found["certificate_info"]["result"]["certificate_deployments"].as_array().ok_or("no certificates")?;
    facts.insert("certificates".to_owned(), chains.len().to_string());
    let own = &chains[0]["received_certificate_chain"][0];
    facts.insert("names".to_owned(), set(texts(&own["subject_alternative_name"]["dns_names"])));
    let key = &own["public_key"];
    let kind = key["algorithm"].as_str().unwrap_or_default().trim_end_matches("PublicKey").replace('_', "");
    facts.insert("key".to_owned(), format!("{kind} {}", key["key_size"]));
    for (feature, part, word) in [
        ("compression", "tls_compression", "supports_compression"),
        ("fallback_scsv", "tls_fallback_scsv", "supports_fallback_scsv"),
        ("early_data", "tls_1_3_early_data", "supports_early_data"),
        ("secure_renegotiation", "session_renegotiation", "supports_secure_renegotiation"),
        ("client_renegotiation", "session_renegotiation", "is_vulnerable_to_client_renegotiation_dos"),
    ] {
        let said = found[part]["result"][word].as_bool().ok_or_else(|| format!("nothing of {word}"))?;
        facts.insert(feature.to_owned(), yes_or_no(said).to_owned());
    }
    let resumes = |word: &str| found["session_resumption"]["result"][word] == "FULLY_SUPPORTED";
    let is_resumed = resumes("session_id_resumption_result") || resumes("tls_ticket_resumption_result");
    facts.insert("resumption".to_owned(), yes_or_no(is_resumed).to_owned());
    Ok(facts)
}
