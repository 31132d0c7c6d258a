/* A telephone exchange's worth of RTP: every leg sends a packet each 20 ms and counts what it hears.

   rtp_load SECONDS STREAMS < legs

   The sockets are inherited. A line of input is one leg: `fd port stream`, the worker's port on
   127.0.0.1 and what to send: -1 for plain RTP made here, with the time of sending in it, else the
   number of a stream in the file STREAMS, whose packets (each with a two-byte length in front, all
   streams equally many and of one size) are sent as they are: SRTP cannot be made at this rate.
   Prints one line of JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, SOUND = 160, MAX_LEGS = 4096, MAX_DELAYS = 1 << 21 };
#define PTIME 20000000ull

struct leg {
    int fd, stream;
    uint16_t seq;
    struct sockaddr_in to;
};

static struct leg legs[MAX_LEGS];
static uint32_t delays[MAX_DELAYS];

static uint64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    uint64_t length = atof(argv[1]) * 1e9;
    const uint8_t *streams = NULL;
    size_t size = 0;
    int file = open(argv[2], O_RDONLY);
    struct stat about;
    if (file >= 0 && !fstat(file, &about) && about.st_size) {
        size = about.st_size;
        streams = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    }
    int count = 0, port, sealed = 0;
    while (count < MAX_LEGS && scanf("%d %d %d", &legs[count].fd, &port, &legs[count].stream) == 3) {
        legs[count].to.sin_family = AF_INET;
        legs[count].to.sin_port = htons(port);
        legs[count].to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (legs[count].stream >= sealed) sealed = legs[count].stream + 1;
        count++;
    }
    size_t step = streams ? 2 + (streams[0] << 8 | streams[1]) : 0;
    size_t each = sealed ? size / step / sealed : 0; /* packets a stream */
    int epoll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, legs[i].fd, &e);
    }
    uint64_t begun = nanoseconds(), end = begun + length, due = begun, gap = PTIME / (count ? count : 1);
    uint64_t sent = 0, heard = 0, unsent = 0, delayed = 0;
    int next = 0;
    struct epoll_event events[256];
    for (;;) {
        uint64_t now = nanoseconds();
        if (now > end + 300000000ull) break;
        for (int burst = 0; now < end && due <= now && burst < 64; burst++, due += gap) {
            struct leg *leg = &legs[next];
            next = (next + 1) % count;
            uint8_t packet[HEADER + SOUND];
            const uint8_t *data = packet;
            size_t bytes = sizeof packet;
            if (leg->stream < 0) {
                uint16_t seq = htons(leg->seq);
                uint32_t time = htonl(leg->seq * 160u), ssrc = htonl(0x1000000u + leg->fd);
                uint64_t at = nanoseconds();
                memset(packet, 0xd5, sizeof packet);
                packet[0] = 0x80, packet[1] = 8;
                memcpy(packet + 2, &seq, 2), memcpy(packet + 4, &time, 4), memcpy(packet + 8, &ssrc, 4);
                memcpy(packet + HEADER, &at, 8);
            } else {
                if (leg->seq >= each) continue;
                data = streams + step * (leg->stream * each + leg->seq) + 2;
                bytes = step - 2;
            }
            leg->seq++;
            if (sendto(leg->fd, data, bytes, 0, (void *)&leg->to, sizeof leg->to) < 0) unsent++;
            else sent++;
        }
        now = nanoseconds();
        uint64_t wait = now >= end ? 1000000 : due > now ? due - now : 0;
        struct timespec until = {0, wait > 900000000 ? 900000000 : (long)wait};
        int ready = epoll_pwait2(epoll, events, 256, &until, NULL);
        for (int i = 0; i < ready; i++) {
            uint8_t data[2048];
            ssize_t got;
            while ((got = recv(legs[events[i].data.u32].fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
                if (got < HEADER + 8 || data[0] >> 6 != 2 || (data[1] >= 192 && data[1] <= 223)) continue;
                heard++;
                uint64_t at, here = nanoseconds();
                memcpy(&at, data + HEADER, 8);
                if (at > begun + 1000000000ull && at < here && delayed < MAX_DELAYS)
                    delays[delayed++] = (here - at) / 1000;
            }
        }
    }
    qsort(delays, delayed, sizeof *delays, by_size);
    printf("{\"sent\": %lu, \"heard\": %lu, \"unsent\": %lu, \"p50\": %u, \"p99\": %u, \"max\": %u}\n", sent, heard,
           unsent, delayed ? delays[delayed / 2] : 0, delayed ? delays[delayed * 99 / 100] : 0,
           delayed ? delays[delayed - 1] : 0);
    return 0;
}
