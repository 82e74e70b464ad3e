# Puts aside what the Author Domain asked to quarantine: rspamd marks it, and removes a mark that came with the mail.
require ["fileinto"];
if header :is "X-Spam" "Yes" {
  fileinto "Junk";
  stop;
}
