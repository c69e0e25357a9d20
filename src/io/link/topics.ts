/** Followers of each topic of a listener, and the traffic that each of them received. */

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

const NOBODY: ReadonlySet<never> = new Set();

export class Topics<Follower> {
  readonly #topics = new Map<string, Topic<Follower>>();
  /** Topics of each follower, with their traffic when it joined. */
  readonly #followed = new Map<Follower, Map<string, Traffic>>();

  followers(topic: string): ReadonlySet<Follower> {
    return this.#topics.get(topic)?.followers ?? NOBODY;
  }

  /** Counts a message to all followers. */
  count(topic: string, sizeBytes: number): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.messages += 1;
    found.bytes += sizeBytes;
  }

  /** @returns false if it follows the topic already */
  enter(topic: string, follower: Follower): boolean {
    const followed = this.#followed.get(follower) ?? new Map<string, Traffic>();
    if (followed.has(topic)) return false;
    const found = this.#topics.get(topic) ?? { messages: 0, bytes: 0, followers: new Set() };
    this.#topics.set(topic, found);
    found.followers.add(follower);
    const { messages, bytes } = found;
    this.#followed.set(follower, followed.set(topic, { messages, bytes }));
    return true;
  }

  /** @returns the traffic while it followed; undefined if it did not */
  leave(topic: string, follower: Follower): Traffic | undefined {
    const followed = this.#followed.get(follower);
    const start = followed?.get(topic);
    if (followed === undefined || start === undefined) return undefined;
    const share = this.#since(topic, start);
    followed.delete(topic);
    if (followed.size === 0) this.#followed.delete(follower);
    const followers = this.#topics.get(topic)?.followers;
    followers?.delete(follower);
    if (followers?.size === 0) this.#topics.delete(topic);
    return share;
  }

  leaveAll(follower: Follower): Traffic {
    const share = this.traffic(follower);
    for (const topic of [...(this.#followed.get(follower)?.keys() ?? [])]) {
      this.leave(topic, follower);
    }
    return share;
  }

  /** Traffic of the topics that it follows, since it joined each. */
  traffic(follower: Follower): Traffic {
    let [messages, bytes] = [0, 0];
    for (const [topic, start] of this.#followed.get(follower) ?? []) {
      const share = this.#since(topic, start);
      messages += share.messages;
      bytes += share.bytes;
    }
    return { messages, bytes };
  }

  #since(topic: string, start: Traffic): Traffic {
    const found = this.#topics.get(topic) ?? start;
    return { messages: found.messages - start.messages, bytes: found.bytes - start.bytes };
  }
}
