-- Removes Authentication-Results fields in our name that came with a message from outside (RFC 8601 §5).
-- Postfix puts policyd-spf's field on top of the message before any milter sees it: only the topmost can be ours, if it says
-- nothing but SPF.
local function is_ours(value)
  return string.find(string.lower(value), "gateway%.example") ~= nil
end

local kept = odkim.internal_ip(ctx) == 1
local n = 0
local doomed = {}
while true do
  local value = odkim.get_header(ctx, "Authentication-Results", n)
  if value == nil then break end
  if is_ours(value) then
    if n > 0 then table.insert(doomed, n) end
  end
  n = n + 1
end
for i = #doomed, 1, -1 do
  odkim.del_header(ctx, "Authentication-Results", doomed[i])
end
return nil
