/* The C library's formatter on the build machine. */
#ifndef QUOIN_ARCH_FMT_H
#define QUOIN_ARCH_FMT_H

#include <stdio.h>

#define arch_vsnprintf vsnprintf

#endif
