import { Fault } from "../../../src/base/fault.ts";
import type { PushAnswer, PushDelivery, PushText } from "../../../src/server/push/sender.ts";
import type { Subscription } from "../../../src/server/push/subscriptions.ts";

export const PUSH_KEY = new Uint8Array(65).fill(4);

export function browserAt(endpoint: string) {
  return { endpoint, key: PUSH_KEY, auth: new Uint8Array(16).fill(2) };
}

export class FakePushService implements PushDelivery {
  readonly key = PUSH_KEY;
  readonly came: { readonly endpoint: string; readonly text: string; readonly topic: string }[] =
    [];
  answer: (endpoint: string) => PushAnswer | Fault | Promise<PushAnswer> = () => ok(201);

  displayed(endpoint: string): Record<string, unknown>[] {
    return this.came.filter((one) => one.endpoint === endpoint).map(({ text }) => JSON.parse(text));
  }

  check(endpoint: string): void {
    if (!endpoint.startsWith("https:")) throw new Fault("not-allowed", "the address is not https");
  }

  async send({ endpoint }: Subscription, { text, topic }: PushText): Promise<PushAnswer> {
    this.came.push({ endpoint, text, topic });
    const answer = await this.answer(endpoint);
    if (answer instanceof Fault) throw answer;
    return answer;
  }
}

export function ok(status: number, retryAfter?: string): PushAnswer {
  return { status, retryAfter };
}
