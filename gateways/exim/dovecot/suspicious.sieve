# Puts aside what SPF says is not from there and no signature speaks for. Exim lets no Authentication-Results pass but its own.
require ["fileinto"];
if allof(header :contains "Authentication-Results" "spf=fail", not header :contains "Authentication-Results" "dkim=pass") {
  fileinto "Junk";
  stop;
}
