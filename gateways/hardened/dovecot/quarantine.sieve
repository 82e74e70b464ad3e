# Puts aside what the Author Domain asked to quarantine, and what it asked to refuse and only `pct` let come. The border MTA lets no
# Authentication-Results in our name pass but its own.
require ["fileinto"];
if header :matches "Authentication-Results" ["gateway.example; dmarc=fail (p=quarantine *", "gateway.example; dmarc=fail (p=reject *"] {
  fileinto "Junk";
  stop;
}
