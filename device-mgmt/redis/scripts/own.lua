-- Takes a device unless another live process owns it.
-- -> {owned, owned_before, unfinished} | {elsewhere, node}
--
-- A dead owner's session stays noted, for `adopt` to tell its end.
local device, request = unpack(ARGV, 4, 5)
local owner = owner_of(device)
local before = 1
if owner ~= me then
    if owner ~= '' and alive(owner) then return {'elsewhere', node_of(owner)} end
    take(device, owner, request)
    call('HSET', dir_of(device), 'own_req', request)
    before = 0
elseif call('HGET', dir_of(device), 'own_req') == request then
    before = 0  -- the answer to this request was lost
end
return {'owned', before, unfinished(device)}
