# Puts aside what the Author Domain asked to quarantine. The border MTA lets no Authentication-Results in our name pass but its own.
require ["fileinto"];
if header :matches "Authentication-Results" "gateway.example; dmarc=fail (p=quarantine *" {
  fileinto "Junk";
  stop;
}
