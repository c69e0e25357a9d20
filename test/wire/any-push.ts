import fc from "fast-check";
import { PUSH_ENDPOINT_BYTES_MAX } from "../../src/base/limits-page.ts";
import { exact, text } from "./any-field.ts";

/** Arbitrary messages of pushes. */

export const ANY_PUSH_REQUEST = {
  "push-key": fc.record({}),
  "push-subscribe": fc.record({
    endpoint: text(PUSH_ENDPOINT_BYTES_MAX),
    key: exact(65),
    auth: exact(16),
  }),
  "push-unsubscribe": fc.record({}),
};

export const ANY_PUSH_ANSWER = {
  "push-key": fc.record({ key: exact(65), subscribed: fc.boolean() }),
  "push-subscribe": fc.record({}),
  "push-unsubscribe": fc.record({}),
};
