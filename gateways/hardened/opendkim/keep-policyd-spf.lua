-- Runs when the header is complete, before RemoveARAll takes every Authentication-Results field in our name (RFC 8601 §5).
-- Postfix puts policyd-spf's field on top of the message before any milter sees it: the topmost is ours, all others are not.
-- This hides the topmost from OpenDKIM; in the message it stays as it is.
local topmost = odkim.get_header(ctx, "Authentication-Results", 0)
if topmost ~= nil and string.find(topmost, "^%s*gateway%.example; spf=%l+ ") then
  odkim.replace_header(ctx, "Authentication-Results", 0, (string.gsub(topmost, "gateway%.example", "policyd-spf.invalid", 1)))
end
return nil
