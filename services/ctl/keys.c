/* swctl keys: the key files of an installation and their two-person recovery copy. */
#include "ctl/commands.h"
#include "io/keyring.h"
#include "io/zmq_key.h"

static enum ctl_exit end(int error, const char *what)
{
    if (error == 0) {
        return CTL_OK;
    }
    enum ctl_exit code = error == ERR_IO ? CTL_UNAVAILABLE : CTL_REFUSED;
    return ctl_fail(code, "%s: %s", what, error_text(error));
}

static int start(void)
{
    return seal_init();
}

static enum ctl_exit run_generate(struct ctl *ctl)
{
    int error = start();
    return end(error == 0 ? keyring_generate(ctl->words[0]) : error, ctl->words[0]);
}

static enum ctl_exit run_split(struct ctl *ctl)
{
    int error = start();
    return end(error == 0 ? keyring_split(ctl->words[0], ctl->words[1], ctl->words[2]) : error,
               "keys split");
}

static enum ctl_exit run_recover(struct ctl *ctl)
{
    int error = start();
    return end(error == 0 ? keyring_recover(ctl->words[0], ctl->words[1], ctl->words[2]) : error,
               "keys recover");
}

static enum ctl_exit run_rotate(struct ctl *ctl)
{
    static const char *const classes[] = {"contact", "content", "answers"};
    for (size_t i = 0; i < 3; i++) {
        if (str_is(str_of(ctl->words[1]), classes[i])) {
            int error = start();
            enum seal_class key_class = (enum seal_class)(SEAL_CLASS_CONTACT + (int)i);
            return end(error == 0 ? keyring_rotate(ctl->words[0], key_class) : error,
                       "keys rotate");
        }
    }
    return ctl_fail(CTL_USAGE, "CLASS is contact, content or answers");
}

const struct ctl_command ctl_command_keys_generate = {
    .name = "keys generate",
    .arguments = "DIR",
    .help = "Make every key file of a new installation in DIR.",
    .run = run_generate,
};

const struct ctl_command ctl_command_keys_rotate = {
    .name = "keys rotate",
    .arguments = "DIR CLASS",
    .help = "Put a new current key of a class before the old ones.",
    .run = run_rotate,
};

const struct ctl_command ctl_command_keys_split = {
    .name = "keys split",
    .arguments = "DIR SHARE-A SHARE-B",
    .help = "Write the recovery copy: two files for two persons, neither tells anything alone.",
    .run = run_split,
};

const struct ctl_command ctl_command_keys_recover = {
    .name = "keys recover",
    .arguments = "DIR SHARE-A SHARE-B",
    .help = "Make the key files again from both shares.",
    .run = run_recover,
};

/* The public key alone on stdout: it is what the other side is given. */
static enum ctl_exit run_curve(struct ctl *ctl)
{
    struct zmq_key key;
    int error = zmq_key_make(&key);
    error = error != 0 ? error : zmq_key_write(ctl->words[0], &key);
    if (error == 0 && ctl->json) {
        ctl_say("{\"public_key\": \"%s\"}", key.public_key);
    } else if (error == 0) {
        ctl_say("%s", key.public_key);
    }
    seal_wipe(&key, sizeof(key));
    return end(error, ctl->words[0]);
}

const struct ctl_command ctl_command_keys_curve = {
    .name = "keys curve",
    .arguments = "FILE",
    .help =
        "Make a key pair for the live wire, the relay's or a partner's; its public key is printed.",
    .run = run_curve,
};
