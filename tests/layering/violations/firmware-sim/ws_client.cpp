#include "device-mgmt/relay/relay.hpp"
#include <websocketpp/client.hpp>
