-- -> records of the commands with this id
local id, max = ARGV[4], tonumber(ARGV[5])
local records = {}
for _, device in ipairs(call('SRANDMEMBER', named('id', id), 2 * max)) do
    local found = #records < max and record(device, id)
    if found then records[#records + 1] = found end
end
return records
