#pragma once
#include <MQTTAsync.h>
#include <mqtt/async_client.h>
