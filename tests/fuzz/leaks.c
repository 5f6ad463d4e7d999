/* Leaks that are not ours. libfyaml 0.7.12 forgets some pending simple keys of a document that it refuses; files of packs and
 * directories are read once, by people's tools and at start. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}
