-- Runs when all signatures are checked, before OpenDMARC sees the message. This is put right here:
--   what policyd-spf found is handed on in a field that holds nothing of a peer's but a plain domain name. policyd-spf copies the
--   local part of MAIL FROM, from where `"x); dkim=pass header.d=bank.example ("@...` would be believed (RFC 8601 §7.1);
--   OpenDKIM copies i= of a signature, decoded, and s= as it is, from where the same could be said: such results are withheld;
--   OpenDMARC 1.4.2 takes a record out of reach for no record: such mail is put off (RFC 9989 §4.10.1);
--   under adkim=s and aspf=s it takes an identifier below or above the Author Domain for aligned: the results that say so are
--   withheld, and it then says fail, and does what the policy says.
-- It does not run for a message with a malformed signature, which OpenDKIM lets pass unread. OpenDMARC then reads the topmost
-- Received-SPF itself, which is ours.

-- What our users submit is signed, not judged.
if odkim.get_mtasymbol(ctx, "{auth_authen}") ~= nil then return nil end

-- The topmost Received-SPF is policyd-spf's, or the one that main.cf puts below it for the case that it says nothing; all others
-- are the sender's. All go: OpenDMARC would believe them.
local received = odkim.get_header(ctx, "Received-SPF", 0) or ""
local fields = 0
while odkim.get_header(ctx, "Received-SPF", fields) ~= nil do fields = fields + 1 end
for _ = 1, fields do odkim.del_header(ctx, "Received-SPF", 0) end

-- Of MAIL FROM, or of HELO (RFC 7208 §2.3, §2.4). What else stands in the field is not believed.
local result = string.match(received, "^%s*(%a+)")
local identity = string.find(received, "^%s*%a+ %(mailfrom%)") and "mailfrom" or "helo"
local checked = string.match(received, "identity=helo; client%-ip=[%x.:]+; helo=(%S*);")
if identity == "mailfrom" then checked = string.match(odkim.get_envfrom(ctx) or "", "@([^@]*)$") end
if checked ~= nil and not string.find(checked, "^[%w%.%-_]+$") then checked = nil end

-- Whether all signatures name their domain, user and selector in plain words.
local is_plain = true
for n = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
  local signature = odkim.get_sighandle(ctx, n)
  local words = (odkim.sig_getdomain(signature) or "") .. (odkim.sig_getidentity(signature) or "")
  if string.find(words, '[^%w@%.%-_+=]') then is_plain = false end
end

local fields_signed = 0
while odkim.get_header(ctx, "DKIM-Signature", fields_signed) ~= nil do
  local tags = ";" .. string.gsub(odkim.get_header(ctx, "DKIM-Signature", fields_signed), "%s", "")
  for selector in string.gmatch(tags, ";[sS]=([^;]*)") do
    if string.find(selector, "[^%w%.%-_]") then is_plain = false end
  end
  fields_signed = fields_signed + 1
end

-- OpenDKIM's own field is in the message already, as the topmost (del_header always takes that one).
local function withhold_dkim() odkim.del_header(ctx, "Authentication-Results", 0) end
local function hand_on_spf()
  if result == nil then return end
  local property = checked and " smtp." .. identity .. "=" .. checked or ""
  odkim.add_header(ctx, "Authentication-Results", " gateway.example; spf=" .. string.lower(result) .. property)
end
if not is_plain then withhold_dkim() end

local author = odkim.get_fromdomain(ctx)
if author == nil or not string.find(author, "^[%w%.%-_]+$") then
  hand_on_spf()
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
  if is_plain and odkim.sig_result(signature) == 0 and odkim.sig_bhresult(signature) == 0 then
    pass("dkim", odkim.sig_getdomain(signature))
  end
end
if result == "Pass" and identity == "mailfrom" then pass("spf", checked) end
if passed then
  hand_on_spf()
  return nil
end

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
  -- of a long name the last seven labels come second
  name = string.match(name, "^.+%.(" .. string.rep("[^%.]+%.", 6) .. "[^%.]+)$") or string.match(name, "^[^%.]+%.(.+)$")
end

local function is_strict(tag) return policy ~= nil and string.find(string.lower(policy), ";%s*" .. tag .. "%s*=%s*s") ~= nil end
local dkim_counts = related.dkim and not is_strict("adkim")
local spf_counts = related.spf and not is_strict("aspf")
if policy ~= nil and (related.dkim or related.spf) and not dkim_counts and not spf_counts then
  odkim.log(ctx, "not aligned with " .. author .. ": under strict alignment its relatives do not count")
  if is_plain then withhold_dkim() end
else
  hand_on_spf()
end
return nil
