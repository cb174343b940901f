/*
 * Makes /dev/dma_heap/system appear to exist, for a kernel that has none (LD_PRELOAD; test bed only).
 *
 * libcamera wants its picture buffers from a DMA heap. Without a camera's hardware nothing ever does DMA,
 * so memory that can be shared and mapped is enough: a memfd. Where the kernel has the heap (as in the
 * emulated machine), the real one is used and this file changes nothing.
 *
 * A heap, and a buffer from it, are known again by the name of their memfd, because libcamera duplicates
 * and closes descriptors, and a table of numbers would soon be wrong.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP "/dev/dma_heap/system"
#define HEAP_NAME "leerblik-dma-heap"
#define BUFFER_NAME "leerblik-dma-buffer"

static int has_name(int fd, const char *name)
{
	char link[40], target[80];
	int saved = errno;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, target, sizeof(target) - 1);
	errno = saved;
	if (length < 0)
		return 0;
	target[length] = '\0';
	return strstr(target, name) != NULL;
}

/* What open() returned, or the stand-in when it was the heap that is missing. */
static int or_heap(int fd, const char *path)
{
	if (fd >= 0 || path == NULL || strcmp(path, HEAP) != 0)
		return fd;
	return memfd_create(HEAP_NAME, MFD_CLOEXEC);
}

static int allocate(struct dma_heap_allocation_data *wish)
{
	int fd = memfd_create(BUFFER_NAME, MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)wish->len) < 0) {
		int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	wish->fd = (unsigned int)fd;
	return 0;
}

/* The C library has open() under several names; a program uses the one it was compiled with. */
#define OPEN(name)                                                             \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		static int (*real)(const char *, int, ...);                    \
		va_list rest;                                                  \
		mode_t mode;                                                   \
									       \
		if (real == NULL)                                              \
			real = dlsym(RTLD_NEXT, #name);                        \
		va_start(rest, flags);                                         \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                  \
		return or_heap(real(path, flags, mode), path);                 \
	}
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list rest;
	void *argument;

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "ioctl");
	va_start(rest, request);
	argument = va_arg(rest, void *);
	va_end(rest);
	/* Python passes the number sign-extended. */
	switch (request & 0xffffffffUL) {
	case DMA_HEAP_IOCTL_ALLOC:
		if (has_name(fd, HEAP_NAME))
			return allocate(argument);
		break;
	case DMA_BUF_IOCTL_SYNC:
	case DMA_BUF_SET_NAME_A:
	case DMA_BUF_SET_NAME_B:
		if (has_name(fd, BUFFER_NAME))
			return 0;
		break;
	}
	return real(fd, request, argument);
}
