-- -> list of {device, online, epoch, node, since, reason, model, firmware, labels, groups, first,
--    last}; what is missing is false
local index, from, to, limit = unpack(ARGV, 4, 7)
local list = {}
for _, device in ipairs(call('ZRANGEBYLEX', named(index), from, to, 'LIMIT', 0, limit)) do
    local row = call('HMGET', of(device, 'dev'), 'on', 'epoch', 'node', 'since', 'reason', 'model',
                     'fw', 'labels', 'groups', 'first', 'last')
    table.insert(row, 1, device)
    list[#list + 1] = row
end
return list
