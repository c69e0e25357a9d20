import type { Link } from "../../src/io/link/link.ts";

export function countedLink(link: Link, count: () => void): Link {
  return {
    transport: link.transport,
    remote: link.remote,
    certificateHash: link.certificateHash,
    receive: (handlers) =>
      link.receive({
        message: (bytes) => {
          count();
          handlers.message(bytes);
        },
        closed: (fault) => handlers.closed(fault),
      }),
    send: (message, tail) => {
      const isSent = link.send(message, tail);
      count();
      return isSent;
    },
    queuedBytes: () => link.queuedBytes(),
    drained: () => link.drained(),
    follow: (topic) => link.follow(topic),
    unfollow: (topic) => link.unfollow(topic),
    openChannel: () => link.openChannel().then((lane) => countedLink(lane, count)),
    counters: () => link.counters(),
    close: () => link.close(),
    destroy: () => link.destroy(),
  };
}
