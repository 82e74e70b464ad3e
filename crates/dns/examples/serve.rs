//! hand check
use mailproof_dns::*;
use scenario::*;
use std::io::BufRead;
use std::time::{Duration, Instant};
fn z(origin: &str, dnssec: Dnssec, records: &str) -> ZoneData {
    ZoneData { origin: origin.parse().unwrap(), dnssec, records: records.into(), faults: vec![] }
}
#[tokio::main]
async fn main() {
    let s = Server::start("127.0.0.1".parse().unwrap()).await.unwrap();
    let body = "@ MX 10 mx\n@ MX 5 MX2.Elsewhere.example.\n@ MX 20 m\n@ TXT \"v=spf1\" \" -all\"\n@ TXT \"other\"\nmx A 192.0.2.1\nmx A 192.0.2.200\nmx AAAA 2001:db8::1\n_25._tcp.mx TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n*.wild TXT \"w\"\n*.wild A 1.2.3.4\nalias CNAME mx\nout CNAME mx.plain.example.\ndead CNAME nothing\nUPPER TXT \"u\"\n_sip._tcp SRV 0 5 5060 Sip\nlame NS ns.lame\na.deep.ent TXT \"e\"\n@ CAA 0 issue \"x.example\"\n";
    let mut zones = vec![
        z("bank.example", Dnssec::Signed, body),
        z("plain.example", Dnssec::Insecure, body),
        z("bogus.example", Dnssec::Bogus, body),
        z("old.example", Dnssec::Expired, body),
        z("b.example", Dnssec::Signed, body),
        z("a.b.example", Dnssec::Signed, body),
        z("x.y.b.example", Dnssec::Insecure, body),
        z("sub.plain.example", Dnssec::Signed, body),
        z("example.net", Dnssec::Signed, body),
        z("1.2.0.192.in-addr.arpa", Dnssec::Insecure, "@ PTR mx.bank.example."),
        z("2.2.0.192.in-addr.arpa", Dnssec::Signed, "@ PTR mx.bank.example."),
        z(reverse_name("2001:db8::1".parse().unwrap()).as_str(), Dnssec::Insecure, "@ PTR mx.bank.example."),
        z("big.example", Dnssec::Signed, &format!("@ TXT {}", vec![format!("\"{}\"", "x".repeat(250)); 12].join(" "))),
    ];
    let f = |n: &str, t: Option<&str>, kind| Fault { name: n.parse().unwrap(), record_type: t.map(Into::into), kind };
    let mut fz = z("fault.example", Dnssec::Insecure, "a TXT \"a\"\nslow TXT \"s\"\n@ TXT \"ok\"");
    fz.faults = vec![
        f("a.fault.example", Some("TXT"), FaultKind::Servfail),
        f("r.fault.example", None, FaultKind::Refused),
        f("q.fault.example", None, FaultKind::Silence),
        f("slow.fault.example", Some("TXT"), FaultKind::Delay(Duration::from_secs(2))),
    ];
    zones.push(fz);
    let t = Instant::now();
    let mut _l = Some(s.publish(zones).unwrap());
    eprintln!("published in {:?}", t.elapsed());
    println!("{} {}", s.address().port(), s.trust_anchor());
    let mut more = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let w: Vec<&str> = line.split(' ').collect();
        match w[0] {
            "pub" => {
                let t = Instant::now();
                let d = match w[2] {
                    "signed" => Dnssec::Signed,
                    "bogus" => Dnssec::Bogus,
                    _ => Dnssec::Insecure,
                };
                more.push(s.publish(vec![z(w[1], d, body)]).unwrap());
                eprintln!("{:?}", t.elapsed());
            }
            "healthy" => {
                drop(_l.take());
                _l = Some(
                    s.publish(vec![z(
                        "fault.example",
                        Dnssec::Insecure,
                        "a TXT \"a\"\nslow TXT \"s\"\n@ TXT \"ok\"\nq TXT \"q\"\n",
                    )])
                    .unwrap(),
                );
            }
            "drop" => {
                more.pop();
            }
            "many" => {
                for i in 0..1000 {
                    more.push(s.publish(vec![z(&format!("n{i}.example"), Dnssec::Insecure, "@ TXT \"hi\"")]).unwrap());
                }
            }
            "log" => {
                for e in s.since(0) {
                    eprintln!(
                        "{} {} {} {} {} {} {}",
                        e.ordinal,
                        e.transport,
                        e.question.name,
                        e.question.record_type,
                        e.question.dnssec_ok,
                        e.question.rcode,
                        e.question.answers
                    );
                }
            }
            _ => break,
        }
    }
}
