/** Followers and traffic of each topic. */

// Published messages are counted per topic, so that a link's counters include what it followed
// without a loop over all followers at each message. Only topics with followers are stored.

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

interface Topic<Follower> {
  messages: number;
  bytes: number;
  readonly followers: Set<Follower>;
}

/**
 * Up to this many followers are sent to one by one, together with what else is queued for them: one
 * write.
 */
const FEW = 4;

export class WsTopics<Follower> {
  readonly #topics = new Map<string, Topic<Follower>>();

  /** @returns undefined if there are many: Bun publishes to all of them in one call */
  few(topic: string): Iterable<Follower> | undefined {
    const followers = this.#topics.get(topic)?.followers;
    if (followers === undefined) return [];
    return followers.size > FEW ? undefined : followers;
  }

  count(topic: string, sizeBytes: number): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.messages += 1;
    found.bytes += sizeBytes;
  }

  /** Adds a follower; returns the state from which its share counts. */
  enter(topic: string, follower: Follower): Traffic {
    const found = this.#topics.get(topic) ?? { messages: 0, bytes: 0, followers: new Set() };
    found.followers.add(follower);
    this.#topics.set(topic, found);
    return { messages: found.messages, bytes: found.bytes };
  }

  since(topic: string, start: Traffic): Traffic {
    const found = this.#topics.get(topic) ?? start;
    return { messages: found.messages - start.messages, bytes: found.bytes - start.bytes };
  }

  leave(topic: string, follower: Follower): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.followers.delete(follower);
    if (found.followers.size === 0) this.#topics.delete(topic);
  }
}
