/* The cheapest relay there is: one thread, epoll, a recv and a sendto for each packet.

   udp_floor < pairs

   The sockets are inherited. A line of input is one call: `fd port fd port`; what arrives at one
   socket is sent from the other to its port on 127.0.0.1. Ends when killed. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { MAX_SIDES = 4096 };

static struct side {
    int fd;
    struct sockaddr_in to;
} sides[MAX_SIDES];

int main(void)
{
    int count = 0, port, epoll = epoll_create1(0);
    while (count < MAX_SIDES && scanf("%d %d", &sides[count].fd, &port) == 2) {
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = count};
        sides[count].to.sin_family = AF_INET;
        sides[count].to.sin_port = htons(port);
        sides[count].to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        epoll_ctl(epoll, EPOLL_CTL_ADD, sides[count++].fd, &e);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int here = events[i].data.u32;
            struct side *other = &sides[here ^ 1];
            unsigned char data[2048];
            ssize_t got;
            while ((got = recv(sides[here].fd, data, sizeof data, MSG_DONTWAIT)) > 0)
                sendto(other->fd, data, got, 0, (void *)&other->to, sizeof other->to);
        }
    }
}
