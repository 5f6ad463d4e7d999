/* SMTP's options of a call. */
#include "io/http_client_mail.h"

#include "base/assert.h"

static CURLcode set_login(CURL *easy, const struct http_mail *mail)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
    sw_assert(mail->password != NULL);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password) : code;
}

CURLcode http_client_mail_set(CURL *easy, const struct http_mail *mail,
                              struct curl_slist *recipients)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    (void)curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    (void)curl_easy_setopt(easy, CURLOPT_USE_SSL,
                           mail->needs_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    if (code == CURLE_OK && mail->ca_file != NULL) {
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, mail->ca_file);
    }
    if (code == CURLE_OK && mail->user != NULL) {
        code = set_login(easy, mail);
    }
    return code;
}
