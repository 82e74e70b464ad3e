//! Every remark there is: its word, how bad it is, and the section that says so.

use evidence::{Remark, Weight};

macro_rules! codes {
    ($($name:ident $code:literal $weight:ident $cites:literal;)+) => {
        /// A kind of remark.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($name,)+
        }

        /// The codes of all remarks that there are.
        pub const CODES: &[&str] = &[$($code,)+];

        impl Code {
            /// A remark of this kind.
            pub(crate) fn remark(self, text: impl Into<String>, help: impl Into<String>) -> Remark {
                let (code, weight, cites) = match self {
                    $(Self::$name => ($code, Weight::$weight, $cites),)+
                };
                let (text, help) = (text.into(), help.into());
                Remark { code: code.to_owned(), weight, text, help, cites: cites.to_owned() }
            }
        }
    };
}

codes! {
    // of any record
    DnsFailure              "dns-failure"                 Fault  "RFC 2308 §7.1";
    DnssecBogus             "dnssec-bogus"                Fault  "RFC 4035 §5.5";
    Unseen                  "unseen"                      Notice "RFC 2308 §7.2";

    SpfNone                 "spf-none"                    Fault  "RFC 7208 §4.5";
    SpfSeveral              "spf-several-records"         Fault  "RFC 7208 §3.2";
    SpfVersion              "spf-version"                 Fault  "RFC 7208 §4.5";
    SpfSyntax               "spf-syntax"                  Fault  "RFC 7208 §4.6";
    SpfMacro                "spf-macro"                   Fault  "RFC 7208 §7.1";
    SpfPrefix               "spf-prefix"                  Fault  "RFC 7208 §5.6";
    SpfSlip                 "spf-mechanism-as-modifier"   Fault  "RFC 7208 §6";
    SpfUnknownModifier      "spf-unknown-modifier"        Notice "RFC 7208 §6";
    SpfTooManyLookups       "spf-too-many-lookups"        Fault  "RFC 7208 §4.6.4";
    SpfTooManyVoids         "spf-too-many-void-lookups"   Fault  "RFC 7208 §4.6.4";
    SpfVoid                 "spf-void-lookup"             Notice "RFC 7208 §4.6.4";
    SpfTooManyMx            "spf-too-many-mx"             Fault  "RFC 7208 §4.6.4";
    SpfLoop                 "spf-loop"                    Fault  "RFC 7208 §4.6.4";
    SpfIncludeNone          "spf-include-none"            Fault  "RFC 7208 §5.2";
    SpfRedirectNone         "spf-redirect-none"           Fault  "RFC 7208 §6.1";
    SpfRedirectIgnored      "spf-redirect-ignored"        Fault  "RFC 7208 §6.1";
    SpfPassesAll            "spf-passes-all"              Fault  "RFC 7208 §5.1";
    SpfNeutralAll           "spf-neutral-all"             Notice "RFC 7208 §5.1";
    SpfNoAll                "spf-no-all"                  Notice "RFC 7208 §4.7";
    SpfBehindAll            "spf-behind-all"              Notice "RFC 7208 §5.1";
    SpfPtr                  "spf-ptr"                     Notice "RFC 7208 §5.5";
    SpfTooLong              "spf-too-long"                Notice "RFC 7208 §3.4";
    SpfType99               "spf-type-99"                 Notice "RFC 7208 §3.1";

    DmarcNone               "dmarc-none"                  Fault  "RFC 9989 §4.10.1";
    DmarcSeveral            "dmarc-several-records"       Fault  "RFC 9989 §4.10";
    DmarcMisplaced          "dmarc-misplaced"             Fault  "RFC 9989 §4.5";
    DmarcVersion            "dmarc-version"               Fault  "RFC 9989 §4.7";
    DmarcSyntax             "dmarc-syntax"                Fault  "RFC 9989 §4.8";
    DmarcValue              "dmarc-bad-value"             Fault  "RFC 9989 §4.7";
    DmarcUri                "dmarc-bad-uri"               Fault  "RFC 9989 §4.6";
    DmarcNoPolicy           "dmarc-no-policy"             Fault  "RFC 9989 §4.7";
    DmarcPolicyNone         "dmarc-policy-none"           Notice "RFC 9989 §4.7";
    DmarcTesting            "dmarc-testing"               Notice "RFC 9989 §4.7";
    DmarcSubdomains         "dmarc-weak-subdomains"       Notice "RFC 9989 §4.7";
    DmarcNoReports          "dmarc-no-reports"            Notice "RFC 9989 §4.7";
    DmarcUnauthorised       "dmarc-report-unauthorised"   Fault  "RFC 9990 §4";
    DmarcFailureUnauthorised "dmarc-failure-report-unauthorised" Fault "RFC 9991 §5";
    DmarcObsoleteTag        "dmarc-obsolete-tag"          Notice "RFC 9989 §9.3";
    DmarcObsoleteSize       "dmarc-obsolete-size"         Notice "RFC 9989 §4.8";
    DmarcUnknownTag         "dmarc-unknown-tag"           Notice "RFC 9989 §4.7";

    DkimNone                "dkim-none"                   Fault  "RFC 6376 §6.1.2";
    DkimSeveral             "dkim-several-records"        Fault  "RFC 6376 §3.6.2.2";
    DkimVersion             "dkim-version"                Fault  "RFC 6376 §3.6.1";
    DkimSyntax              "dkim-syntax"                 Fault  "RFC 6376 §3.2";
    DkimNoKey               "dkim-no-key"                 Fault  "RFC 6376 §3.6.1";
    DkimRevoked             "dkim-revoked"                Fault  "RFC 6376 §3.6.1";
    DkimKeyType             "dkim-key-type"               Fault  "RFC 6376 §3.6.1";
    DkimKeyUnreadable       "dkim-key-unreadable"         Fault  "RFC 6376 §3.6.1";
    DkimEd25519             "dkim-ed25519-key"            Fault  "RFC 8463 §4.2";
    DkimKeyWeak             "dkim-key-weak"               Fault  "RFC 8301 §3.2";
    DkimKeyShort            "dkim-key-short"              Notice "RFC 8301 §3.2";
    DkimKeyLong             "dkim-key-long"               Notice "RFC 8301 §3.2";
    DkimNoSha256            "dkim-no-sha256"              Fault  "RFC 8301 §3.1";
    DkimService             "dkim-service"                Fault  "RFC 6376 §3.6.1";
    DkimTesting             "dkim-testing"                Notice "RFC 6376 §3.6.1";

    MxNone                  "mx-none"                     Notice "RFC 5321 §5.1";
    MxUnreachable           "mx-unreachable"              Fault  "RFC 5321 §5.1";
    MxNullWithOthers        "mx-null-with-others"         Fault  "RFC 7505 §3";
    MxNullPreference        "mx-null-preference"          Notice "RFC 7505 §3";
    MxAlias                 "mx-alias"                    Fault  "RFC 5321 §5.1";
    MxNoAddress             "mx-no-address"               Fault  "RFC 5321 §5.1";
    MxLiteral               "mx-address-as-name"          Fault  "RFC 5321 §5.1";
    MxName                  "mx-bad-name"                 Fault  "RFC 5321 §5.1";

    MtaStsNone              "mta-sts-none"                Notice "RFC 8461 §3.1";
    MtaStsSeveral           "mta-sts-several-records"     Fault  "RFC 8461 §3.1";
    MtaStsVersion           "mta-sts-version"             Fault  "RFC 8461 §3.1";
    MtaStsSyntax            "mta-sts-syntax"              Fault  "RFC 8461 §3.1";
    MtaStsNoId              "mta-sts-no-id"               Fault  "RFC 8461 §3.1";
    MtaStsNoHost            "mta-sts-no-policy-host"      Fault  "RFC 8461 §3.2";
    PolicySyntax            "mta-sts-policy-syntax"       Fault  "RFC 8461 §3.2";
    PolicyLineEnd           "mta-sts-policy-line-end"     Fault  "RFC 8461 §3.2";
    PolicyVersion           "mta-sts-policy-version"      Fault  "RFC 8461 §3.2";
    PolicyMode              "mta-sts-policy-mode"         Fault  "RFC 8461 §3.2";
    PolicyModeNone          "mta-sts-policy-none"         Notice "RFC 8461 §5";
    PolicyModeTesting       "mta-sts-policy-testing"      Notice "RFC 8461 §5";
    PolicyMaxAge            "mta-sts-policy-max-age"      Fault  "RFC 8461 §3.2";
    PolicyShortLived        "mta-sts-policy-short-lived"  Notice "RFC 8461 §3.2";
    PolicyNoMx              "mta-sts-policy-no-mx"        Fault  "RFC 8461 §3.2";
    PolicyMx                "mta-sts-policy-mx"           Fault  "RFC 8461 §3.2";
    PolicyUncovered         "mta-sts-policy-mx-uncovered" Fault  "RFC 8461 §4.1";
    PolicyTwice             "mta-sts-policy-twice"        Notice "RFC 8461 §3.2";

    TlsRptNone              "tls-rpt-none"                Notice "RFC 8460 §3";
    TlsRptSeveral           "tls-rpt-several-records"     Fault  "RFC 8460 §3";
    TlsRptVersion           "tls-rpt-version"             Fault  "RFC 8460 §3";
    TlsRptSyntax            "tls-rpt-syntax"              Fault  "RFC 8460 §3";
    TlsRptNoRua             "tls-rpt-no-rua"              Fault  "RFC 8460 §3";
    TlsRptUri               "tls-rpt-bad-uri"             Fault  "RFC 8460 §3";

    TlsaInsecure            "tlsa-insecure"               Fault  "RFC 7672 §2.2";
    TlsaMxInsecure          "tlsa-mx-insecure"            Fault  "RFC 7672 §2.2.1";
    TlsaSyntax              "tlsa-syntax"                 Fault  "RFC 6698 §2.2";
    TlsaUsage               "tlsa-usage"                  Fault  "RFC 7672 §3.1.3";
    TlsaUnknown             "tlsa-unknown"                Fault  "RFC 6698 §4.1";
    TlsaLength              "tlsa-length"                 Fault  "RFC 6698 §2.1.3";
    TlsaData                "tlsa-data"                   Fault  "RFC 6698 §2.1.4";
    TlsaFull                "tlsa-full"                   Notice "RFC 7671 §10.1.2";
    TlsaNotEveryHost        "tlsa-not-every-host"         Notice "RFC 7672 §2.2.1";

    PtrNone                 "ptr-none"                    Notice "RFC 8601 §3";
    PtrSeveral              "ptr-several-records"         Notice "RFC 8601 §3";
    PtrUnconfirmed          "ptr-unconfirmed"             Fault  "RFC 8601 §3";
}
