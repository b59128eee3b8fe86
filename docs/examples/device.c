/* A device for device-mgmt in C: docs/device-guide.md explains it, device.py does the same. Change
 * `execute` and you have your own. Needs libwebsockets 4 and jansson:
 *
 *   cc -O2 -o device device.c $(pkg-config --cflags --libs libwebsockets jansson)
 *   ./device wss://HOST:8443/v1/device ID ca.pem --token FILE     (or --secret FILE)
 *
 * One thread, one connection; libwebsockets calls back from lws_service(). */
#define _GNU_SOURCE
#include <jansson.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_MESSAGE = 65536, REMEMBERED = 1000, MAX_SECRET = 8192, MAX_HEADER = 2 * MAX_SECRET + 16,
       GOOD_S = 10, WELCOME_S = 20 };

static struct lws_context *context;
static struct lws *connection;                /* NULL: none */
static lws_sorted_usec_list_t connect_timer, heartbeat_timer, silence_timer, renewal_timer;
static const char *home_url, *id, *ca, *token_file, *secret_file;
static char *next_url;                        /* where a `reconnect` frame sends us, once */
static json_t *replies, *unacknowledged, *outgoing; /* by id: texts, oldest first; texts to send */
static char message[MAX_MESSAGE + 1], path[256];
static size_t message_length;
static int heartbeat_s, retry_after_ms = -1, failures;
static lws_usec_t began;
static volatile sig_atomic_t stopping;

/* What this device can do. Returns its status; *data may become any JSON value. */
static const char *execute(const char *command, json_t *args, json_t **data)
{
    if (strcmp(command, "ping") && strcmp(command, "set") && strcmp(command, "get_state"))
        return "rejected";
    *data = json_incref(args);
    return "ok";
}

static void after(lws_sorted_usec_list_t *timer, sul_cb_t callback, double seconds)
{
    lws_sul_schedule(context, 0, timer, callback, (lws_usec_t)(seconds * LWS_USEC_PER_SEC));
}

static double jitter(double bound) { return bound * arc4random() / UINT32_MAX; }

static void send_text(json_t *text)
{
    json_array_append_new(outgoing, text);
    lws_callback_on_writable(connection);
}

static void send_frame(json_t *frame)
{
    char *text = json_dumps(frame, JSON_COMPACT);
    send_text(json_string(text));
    free(text);
    json_decref(frame);
}

/* The first line of a file; read anew each time, because tokens are renewed by replacing it. */
static bool read_line(const char *file, char *line)
{
    FILE *f = fopen(file, "r");
    bool read = f && fgets(line, MAX_SECRET, f);
    if (f)
        fclose(f);
    line[read ? strcspn(line, "\r\n") : 0] = '\0';
    return read;
}

static void authorization(char *value, size_t size)
{
    char line[MAX_SECRET], pair[MAX_SECRET + 80], encoded[2 * MAX_SECRET];
    if (!read_line(token_file ? token_file : secret_file, line))
        fprintf(stderr, "no credentials in %s\n", token_file ? token_file : secret_file);
    if (token_file) {
        snprintf(value, size, "Bearer %s", line);
        return;
    }
    snprintf(pair, sizeof pair, "%s:%s", id, line);
    lws_b64_encode_string(pair, (int)strlen(pair), encoded, sizeof encoded);
    snprintf(value, size, "Basic %s", encoded);
}

static void drop(void)
{
    lws_set_timeout(connection, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void on_silence(lws_sorted_usec_list_t *timer) { (void)timer; drop(); }

static void heard(void) { after(&silence_timer, on_silence, 2.5 * heartbeat_s); }

static void on_heartbeat(lws_sorted_usec_list_t *timer)
{
    send_frame(json_pack("{ss}", "type", "heartbeat"));
    after(timer, on_heartbeat, heartbeat_s * 0.8 + jitter(heartbeat_s * 0.2));
}

static void on_renewal(lws_sorted_usec_list_t *timer)
{
    char line[MAX_SECRET];
    (void)timer;
    if (read_line(token_file, line))
        send_frame(json_pack("{ssss}", "type", "token", "jwt", line));
}

/* A minute before the end of the token. */
static void plan_renewal(const char *expires_at)
{
    struct tm end = {0};
    if (!token_file || !expires_at || !strptime(expires_at, "%Y-%m-%dT%H:%M:%S", &end))
        return;
    double left = difftime(timegm(&end), time(NULL)) - 60;
    after(&renewal_timer, on_renewal, left > 5 ? left : 5);
}

static void on_command(json_t *frame)
{
    const char *key = json_string_value(json_object_get(frame, "id"));
    const char *command = json_string_value(json_object_get(frame, "command"));
    if (!key || !command)
        return;
    if (!json_object_get(replies, key)) { /* a known id is answered from memory */
        json_t *data = NULL;
        const char *status = execute(command, json_object_get(frame, "args"), &data);
        json_t *reply = json_pack("{ssssssso*}", "type", "reply", "id", key, "status", status,
                                  "data", data);
        char *text = json_dumps(reply, JSON_COMPACT);
        json_object_set_new(replies, key, json_string(text));
        free(text);
        json_decref(reply);
        if (json_object_size(replies) > REMEMBERED)
            json_object_del(replies, json_object_iter_key(json_object_iter(replies)));
    }
    json_object_set(unacknowledged, key, json_object_get(replies, key));
    send_text(json_incref(json_object_get(replies, key)));
}

static void on_welcome(json_t *frame)
{
    const char *key;
    json_t *text;
    heartbeat_s = (int)json_integer_value(json_object_get(frame, "heartbeat_s"));
    heartbeat_s = heartbeat_s > 0 ? heartbeat_s : 20;
    send_frame(json_pack("{ssssss}", "type", "hello", "model", "reference", "firmware", "1.0"));
    json_object_foreach(unacknowledged, key, text)
        send_text(json_incref(text));
    after(&heartbeat_timer, on_heartbeat, heartbeat_s * 0.8);
    plan_renewal(json_string_value(json_object_get(frame, "expires_at")));
}

static void on_frame(json_t *frame)
{
    const char *type = json_string_value(json_object_get(frame, "type"));
    if (!type)
        return;
    if (!strcmp(type, "welcome"))
        on_welcome(frame);
    else if (!strcmp(type, "command"))
        on_command(frame);
    else if (!strcmp(type, "reply_ack"))
        json_object_del(unacknowledged, json_string_value(json_object_get(frame, "id")));
    else if (!strcmp(type, "token_ok"))
        plan_renewal(json_string_value(json_object_get(frame, "expires_at")));
    else if (!strcmp(type, "reconnect") && json_object_get(frame, "url")) {
        free(next_url);
        next_url = strdup(json_string_value(json_object_get(frame, "url")));
    } /* any other type is of a later server */
    heard();
}

static void on_connect(lws_sorted_usec_list_t *timer)
{
    struct lws_client_connect_info info = {.context = context};
    const char *scheme, *host, *rest;
    char *url = next_url ? next_url : strdup(home_url);
    (void)timer;
    next_url = NULL;
    retry_after_ms = -1;
    began = lws_now_usecs();
    if (lws_parse_uri(url, &scheme, &host, &info.port, &rest) == 0) {
        snprintf(path, sizeof path, "/%s", rest);
        info.address = info.host = host;
        info.path = path;
        info.protocol = "dm.v1.json";
        info.local_protocol_name = "device";
        info.ssl_connection = strcmp(scheme, "wss") ? 0 : LCCSCF_USE_SSL;
        info.pwsi = &connection;
        lws_client_connect_via_info(&info); /* a failure is called back, too */
    }
    free(url);
}

static void on_end(void)
{
    connection = NULL;
    message_length = 0;
    json_array_clear(outgoing);
    lws_sul_cancel(&heartbeat_timer);
    lws_sul_cancel(&silence_timer);
    lws_sul_cancel(&renewal_timer);
    if (lws_now_usecs() - began > GOOD_S * LWS_USEC_PER_SEC)
        failures = 0;
    double wait = retry_after_ms / 1000.0;
    if (retry_after_ms < 0)
        wait = jitter(failures < 6 ? 1 << failures++ : 60);
    fprintf(stderr, "next attempt in %.1f s\n", wait);
    after(&connect_timer, on_connect, wait);
}

/* `<word> retry_after_ms=N`, after the two bytes of the code */
static void on_close_reason(const char *in, size_t length)
{
    char reason[126] = "";
    const char *found;
    if (length > 2 && length < sizeof reason + 2)
        memcpy(reason, in + 2, length - 2);
    if ((found = strstr(reason, "retry_after_ms=")))
        retry_after_ms = atoi(found + strlen("retry_after_ms="));
}

static void on_refused(struct lws *wsi)
{
    char header[16];
    if (lws_hdr_copy(wsi, header, sizeof header, WSI_TOKEN_HTTP_RETRY_AFTER) > 0)
        retry_after_ms = atoi(header) * 1000 + (int)jitter(1000); /* the same for everybody */
}

static int on_receive(struct lws *wsi, const char *in, size_t length)
{
    json_t *frame;
    if (message_length + length > MAX_MESSAGE)
        return -1;
    memcpy(message + message_length, in, length);
    message_length += length;
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
        return 0;
    if ((frame = json_loadb(message, message_length, JSON_ALLOW_NUL, NULL)))
        on_frame(frame);
    json_decref(frame);
    message_length = 0;
    return 0;
}

static int write_one(struct lws *wsi)
{
    json_t *text = json_array_get(outgoing, 0);
    size_t length = text ? json_string_length(text) : 0;
    unsigned char *buffer;
    if (!text || !(buffer = malloc(LWS_PRE + length)))
        return 0;
    memcpy(buffer + LWS_PRE, json_string_value(text), length);
    int written = lws_write(wsi, buffer + LWS_PRE, length, LWS_WRITE_TEXT);
    free(buffer);
    json_array_remove(outgoing, 0);
    if (json_array_size(outgoing))
        lws_callback_on_writable(wsi);
    return written < 0 ? -1 : 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    char value[MAX_HEADER];
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
        unsigned char **at = in;
        authorization(value, sizeof value);
        return lws_add_http_header_by_name(wsi, (const unsigned char *)"Authorization:",
                                           (unsigned char *)value, (int)strlen(value), at,
                                           *at + length);
    }
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        after(&silence_timer, on_silence, WELCOME_S);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(wsi, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_one(wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_close_reason(in, length);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_refused(wsi);
        on_end();
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        on_end();
        return 0;
    default:
        return 0;
    }
}

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
    lws_cancel_service(context);
}

int main(int argc, char **argv)
{
    const struct lws_protocols protocols[] = {{"device", callback, 0, 4096, 0, NULL, 0}, {0}};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols,
                                             .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};
    if (argc != 6 || (strcmp(argv[4], "--token") && strcmp(argv[4], "--secret"))) {
        fprintf(stderr, "usage: device URL ID CA (--token FILE | --secret FILE)\n");
        return 2;
    }
    home_url = argv[1], id = argv[2], ca = argv[3];
    *(strcmp(argv[4], "--token") ? &secret_file : &token_file) = argv[5];
    info.client_ssl_ca_filepath = ca;
    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    replies = json_object(), unacknowledged = json_object(), outgoing = json_array();
    if (!(context = lws_create_context(&info)))
        return 1;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    on_connect(&connect_timer);
    while (!stopping && lws_service(context, 0) >= 0)
        ;
    lws_context_destroy(context);
    json_decref(replies), json_decref(unacknowledged), json_decref(outgoing);
    free(next_url);
    return 0;
}
