/**
 * What was published to each topic, so that a link's counters include what it followed without a
 * loop over all followers at each message. Holds only topics that have followers.
 */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

interface Topic {
  messages: number;
  bytes: number;
  followers: number;
}

export class WsTopics {
  readonly #topics = new Map<string, Topic>();

  count(topic: string, sizeBytes: number): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.messages += 1;
    found.bytes += sizeBytes;
  }

  /** One more follower; returns the state from which its share counts. */
  enter(topic: string): Traffic {
    const found = this.#topics.get(topic) ?? { messages: 0, bytes: 0, followers: 0 };
    found.followers += 1;
    this.#topics.set(topic, found);
    return { messages: found.messages, bytes: found.bytes };
  }

  since(topic: string, start: Traffic): Traffic {
    const found = this.#topics.get(topic) ?? start;
    return { messages: found.messages - start.messages, bytes: found.bytes - start.bytes };
  }

  leave(topic: string): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.followers -= 1;
    if (found.followers === 0) this.#topics.delete(topic);
  }
}
