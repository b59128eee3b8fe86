#include <websocketpp/server.hpp>
#include <openssl/ssl.h>
#include "device-mgmt/core/session.hpp"
#include "device-mgmt/broker/mqtt.hpp"
