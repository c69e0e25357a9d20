/** Followers of a listener's topics, and the traffic that each follower has received. */

// Traffic is counted per topic, so that publishing needs no loop over the followers.

import { SmallMap } from "../../core/small-map.ts";

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

interface Topic<Follower> {
  messages: number;
  bytes: number;
  readonly followers: Set<Follower>;
}

const NO_FOLLOWERS: ReadonlySet<never> = new Set();

export class Topics<Follower> {
  readonly #topics = new Map<string, Topic<Follower>>();
  readonly #followed = new Map<Follower, SmallMap<string, Traffic>>();

  followers(topic: string): ReadonlySet<Follower> {
    return this.#topics.get(topic)?.followers ?? NO_FOLLOWERS;
  }

  count(topic: string, sizeBytes: number): void {
    const entry = this.#topics.get(topic);
    if (entry === undefined) return;
    entry.messages += 1;
    entry.bytes += sizeBytes;
  }

  follow(topic: string, follower: Follower): boolean {
    const followed = this.#followed.get(follower) ?? new SmallMap<string, Traffic>();
    if (followed.has(topic)) return false;
    const entry = this.#topics.get(topic) ?? { messages: 0, bytes: 0, followers: new Set() };
    this.#topics.set(topic, entry);
    entry.followers.add(follower);
    const { messages, bytes } = entry;
    this.#followed.set(follower, followed.set(topic, { messages, bytes }));
    return true;
  }

  unfollow(topic: string, follower: Follower): Traffic | undefined {
    const followed = this.#followed.get(follower);
    const start = followed?.get(topic);
    if (followed === undefined || start === undefined) return undefined;
    const traffic = this.#since(topic, start);
    followed.delete(topic);
    if (followed.size === 0) this.#followed.delete(follower);
    const followers = this.#topics.get(topic)?.followers;
    followers?.delete(follower);
    if (followers?.size === 0) this.#topics.delete(topic);
    return traffic;
  }

  unfollowAll(follower: Follower): Traffic {
    const traffic = this.traffic(follower);
    for (const topic of [...(this.#followed.get(follower)?.keys() ?? [])]) {
      this.unfollow(topic, follower);
    }
    return traffic;
  }

  /** Counts each topic's traffic from the time when the follower joined the topic. */
  traffic(follower: Follower): Traffic {
    let [messages, bytes] = [0, 0];
    for (const [topic, start] of this.#followed.get(follower) ?? []) {
      const traffic = this.#since(topic, start);
      messages += traffic.messages;
      bytes += traffic.bytes;
    }
    return { messages, bytes };
  }

  #since(topic: string, start: Traffic): Traffic {
    const entry = this.#topics.get(topic) ?? start;
    return { messages: entry.messages - start.messages, bytes: entry.bytes - start.bytes };
  }
}
