/** Background tasks, whose failure must not end the program. */

import { AssertionFailure } from "../base/assert.ts";
import { Fault, msg } from "../base/fault.ts";

/**
 * Returns the fault with which a background task ends. An error of another type was probably caused
 * by hostile data, so that it ends only the task.
 * @throws {AssertionFailure} a broken invariant, with which the program must not continue
 */
export function taskFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof AssertionFailure) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  return new Fault("internal", msg`unexpected error: ${reason}`, { cause: error });
}

/**
 * Waits for the end of a background task, which nobody else awaits.
 * @param report called with the fault that has ended the task
 * @throws {AssertionFailure} a broken invariant, with which the program must not continue
 */
export async function background(
  task: Promise<unknown> | undefined,
  report: (fault: Fault) => void = () => {},
): Promise<void> {
  try {
    await task;
  } catch (error) {
    report(taskFault(error));
  }
}
