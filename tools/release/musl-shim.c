/* Symbols of glibc that Debian's libstdc++ uses, so that it runs with musl. For tests only. */
#include <stddef.h>
#include <unistd.h>

char __libc_single_threaded = 0;
struct { unsigned words[4]; } __cpu_model;

unsigned arc4random(void) {
  unsigned value = 0;
  getentropy(&value, sizeof value);
  return value;
}

size_t strftime_l(char *, size_t, const char *, const void *, void *);
size_t __strftime_l(char *to, size_t size, const char *format, const void *time, void *locale) {
  return strftime_l(to, size, format, time, locale);
}

/* Destructors of threads do not run. */
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) { return 0; }

/* The caller then uses dl_iterate_phdr. */
int _dl_find_object(void *address, void *result) { return -1; }
int __cpu_indicator_init(void) { return 0; }
