/* What of a call is SMTP's. Private to http_client*.c. */
#ifndef IO_HTTP_CLIENT_MAIL_H
#define IO_HTTP_CLIENT_MAIL_H

#include <curl/curl.h>

#include "io/http_client.h"

/* The envelope, TLS and login; the list of recipients stays the caller's as long as the handle. */
CURLcode http_client_mail_set(CURL *easy, const struct http_mail *mail,
                              struct curl_slist *recipients);

#endif
