//! `report read`: aggregate reports of DMARC that others sent.

use crate::{Failed, Trial, run, scratch, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("reports::who_sends_for_a_domain_is_told", who_sends_for_a_domain_is_told)]
}

const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<feedback>
  <report_metadata>
    <org_name>receiver.example</org_name><email>dmarc@receiver.example</email><report_id>ID</report_id>
    <date_range><begin>1764547200</begin><end>1764633599</end></date_range>
  </report_metadata>
  <policy_published><domain>bank.example</domain><p>reject</p></policy_published>
  <record>
    <row><source_ip>198.51.100.66</source_ip><count>3</count>
      <policy_evaluated><disposition>reject</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
    <identifiers><header_from>bank.example</header_from></identifiers>
    <auth_results><spf><domain>mallory.example</domain><result>pass</result></spf></auth_results>
  </record>
</feedback>
"#;

fn who_sends_for_a_domain_is_told() -> Result<(), Failed> {
    let directory = scratch("dmarc-reports")?;
    let inside = directory.join("new");
    fs::create_dir_all(&inside)?;
    let shown = directory.display().to_string();
    run(&["report", "read", &shown])?.must(5, &[])?;
    let file = directory.join("one.xml");
    fs::write(&file, REPORT.replace("ID", "1"))?;
    fs::write(inside.join("2.eml"), format!("Subject: x\nContent-Type: text/xml\n\n{}", REPORT.replace("ID", "2")))?;
    fs::write(inside.join("3.eml"), "Subject: hello\n\nno report\n")?;
    let told = ["bank.example: 6 mails, 0 pass DMARC; 2 reports", "198.51.100.66", "pass mallory.example, not aligned"];
    run(&["report", "read", &shown])?.must(0, &[&told[..], &["3.eml: it is no mail with a report"]].concat())?;
    // the same report once more is no other mail
    let again = run(&["report", "read", &shown, &file.display().to_string(), "--json"])?;
    again.must(0, &["\"mails\": 6", "\"passes\": false"])?;
    let wrong = inside.join("3.eml").display().to_string();
    run(&["report", "read", &wrong])?.must(3, &["no mail with a report", "help"])?;
    run(&["report", "read", "no-such-file"])?.must(3, &["no-such-file"])
}
