#include <mqtt/async_client.h>
#include <nlohmann/json.hpp>
#include <websocketpp/server.hpp>
#include "relay.hpp"
