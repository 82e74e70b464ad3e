-- Runs when all signatures are checked, before OpenDMARC sees the message. OpenDMARC 1.4.2 gets two things wrong:
--   it takes a record out of reach for no record: such mail is put off here (RFC 9989 §4.10.1);
--   under adkim=s and aspf=s it takes an identifier below or above the Author Domain for aligned: the results that say so are
--   taken away here, and it then says fail, and does what the policy says.
-- Both matter only when nothing passed for the very Author Domain, so that most mail costs no question.
local author = odkim.get_fromdomain(ctx)
if author == nil or odkim.get_mtasymbol(ctx, "{auth_authen}") ~= nil or not string.find(author, "^[%w%.%-_]+$") then
  return nil
end
author = string.lower(author)

-- Whether a domain is below or above another, or has a label and a parent in common with it.
local function is_related(one, other)
  local function parent(name) return string.match(name, "%.(.+%..+)$") or name end
  local function is_within(name, top) return name == top or string.sub(name, -#top - 1) == "." .. top end
  return is_within(one, parent(other)) or is_within(other, parent(one))
end

-- What passed: for the Author Domain itself, or for a relative of it.
local passed, related = false, { dkim = false, spf = false }
local function pass(method, domain)
  domain = string.lower(domain or "")
  if domain == author then passed = true
  elseif domain ~= "" and is_related(domain, author) then related[method] = true end
end
for n = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
  local signature = odkim.get_sighandle(ctx, n)
  if odkim.sig_result(signature) == 0 and odkim.sig_bhresult(signature) == 0 then
    pass("dkim", odkim.sig_getdomain(signature))
  end
end
-- keep-policyd-spf.lua renamed the topmost field, if it is policyd-spf's
local spf = odkim.get_header(ctx, "Authentication-Results", 0) or ""
pass("spf", string.match(spf, "^%s*policyd%-spf%.invalid; spf=pass .-smtp%.mailfrom=([%w%.%-_]+)"))
if passed then return nil end

-- The policy: of the Author Domain, or of the closest domain above it that has one; eight questions at most (RFC 9989 §4.10).
local name, policy, asked = author, nil, 0
while policy == nil and asked < 8 and string.find(name, "%.") do
  asked = asked + 1
  local pipe = io.popen("unbound-host -r -v -t TXT _dmarc." .. name .. " 2>&1")
  local answer = pipe:read("*a")
  pipe:close()
  local status = string.match(answer, "^Host %S+ not found: %d+%((%w+)%)")
  if answer == "" or string.find(answer, "^error") or (status ~= nil and status ~= "NXDOMAIN") then
    odkim.set_reply(ctx, "451", "4.7.1", "DMARC policy for " .. author .. " is out of reach")
    odkim.set_result(ctx, SMFIS_TEMPFAIL)
    return nil
  end
  policy = string.match(answer, '"(v=DMARC1[^"]*)"')
  name = string.match(name, "^[^%.]+%.(.+)$")
end
if policy == nil then return nil end

local function is_strict(tag) return string.find(string.lower(policy), ";%s*" .. tag .. "%s*=%s*s") ~= nil end
local dkim_counts = related.dkim and not is_strict("adkim")
local spf_counts = related.spf and not is_strict("aspf")
if (related.dkim or related.spf) and not dkim_counts and not spf_counts then
  -- del_header always takes the topmost: OpenDKIM's own, then policyd-spf's
  odkim.log(ctx, "not aligned with " .. author .. ": under strict alignment its relatives do not count")
  odkim.del_header(ctx, "Authentication-Results", 0)
  odkim.del_header(ctx, "Authentication-Results", 0)
end
return nil
