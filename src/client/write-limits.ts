/** Asks the server whether the open conversation takes messages, as long as a rule limits them. */

import { ignoreFault } from "../base/fault.ts";
import type { ModelEvent } from "../core/model/event.ts";
import { isMembership } from "../core/model/membership.ts";
import { openConversation } from "../core/model/selectors.ts";
import type { Model } from "../core/model/state.ts";
import type { SendRequest } from "./link/queries.ts";

export class WriteLimits {
  #isDue = false;
  #isAsking = false;

  constructor(
    private readonly request: SendRequest,
    private readonly emit: (event: Extract<ModelEvent, { kind: "write-limit" }>) => void,
  ) {}

  /** Notices what may change the answer: another conversation, the rule, members, moderators. */
  note(event: ModelEvent): void {
    switch (event.kind) {
      case "open":
      case "entered":
      case "server-rules":
      case "room":
        this.#isDue = true;
        return;
      case "record":
        if (isMembership(event.record) || event.record.kind === "grant") this.#isDue = true;
        return;
      case "settled":
        if (event.outcome.kind === "refused") this.#isDue = true;
        return;
      default:
        return;
    }
  }

  /** Asks at most one question at a time. */
  ask(model: Model): void {
    const target = openConversation(model);
    if (!this.#isDue || this.#isAsking || target === undefined) return;
    if (model.notices.rules?.direct === undefined) return;
    this.#isDue = false;
    this.#isAsking = true;
    const answered = this.request("write-limit", { target }).finally(() => {
      this.#isAsking = false;
    });
    answered
      .then(({ only }) => this.emit({ kind: "write-limit", target, only }))
      // The server refuses the messages anyway.
      .catch(ignoreFault);
  }
}
