//! scratch
use mailproof_container::*;
use std::{collections::BTreeMap, path::Path, time::Instant};
#[tokio::main]
async fn main() {
    let e = Engine::connect(None).await.unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if std::env::args().nth(1).as_deref() == Some("cold") {
        e.remove_images().await.unwrap();
    }
    let t = Instant::now();
    let p = |l: &str| println!("{:6.2} {l}", t.elapsed().as_secs_f64());
    let s = ImageSettings { mirror: None, cache: root.join("target/mailproof") };
    let r = |n: &str, b: Base, pk: &str| ImageRecipe {
        name: n.into(),
        directory: root.join("containers").join(n),
        base: b,
        args: if pk.is_empty() { BTreeMap::new() } else { BTreeMap::from([("PACKAGES".to_owned(), pk.to_owned())]) },
    };
    let d = || Base::Recipe(Box::new(r("debian", Base::Debian("trixie".into()), "")));
    let (a, b, c) = (
        r("internet", d(), ""),
        r("host", d(), "opendkim opendmarc postfix postfix-policyd-spf-python"),
        r("host", d(), "dovecot-imapd dovecot-lmtpd postfix"),
    );
    let x = tokio::try_join!(e.ensure(&a, &s, &p), e.ensure(&b, &s, &p), e.ensure(&c, &s, &p)).unwrap();
    println!("images {:?} {:?}", t.elapsed(), x);
    let t = Instant::now();
    let run = Run::new("timing", false);
    let n = e.network(&run).await.unwrap();
    println!("network {:?} {n:?}", t.elapsed());
    let specs = ["i", "a", "b", "c"].map(|n_| ContainerSpec::new(n_, &x.0, &run, &n));
    let [i, a, b, c] = specs;
    let cs = tokio::try_join!(e.start(i), e.start(a), e.start(b), e.start(c)).unwrap();
    println!("4 started {:?}", t.elapsed());
    let route = "ip route replace default via 172.18.0.1 || true";
    tokio::try_join!(
        e.run_once(&run, &x.0, &cs.1, route),
        e.run_once(&run, &x.0, &cs.2, route),
        e.run_once(&run, &x.0, &cs.3, route)
    )
    .unwrap();
    println!("3 routed {:?}", t.elapsed());
    let t1 = Instant::now();
    for _ in 0..10 {
        cs.0.exec(&["true"]).await.unwrap();
    }
    println!("exec {:?}", t1.elapsed() / 10);
    let t1 = Instant::now();
    e.sweep("timing").await.unwrap();
    println!("swept {:?} all {:?}", t1.elapsed(), t.elapsed());
}
