/**
 * Why it was refused. What `expect(…).rejects` of Bun does not do is wait like everything else: it
 * runs the event loop from inside the test, and what is behind the test in the same round of that
 * loop never comes (test/rejection.test.ts).
 *
 * @throws Error: it was not refused
 */
export async function rejection(promise: Promise<unknown> | undefined): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`refused with what is no error: ${String(error)}`);
  }
  throw new Error(`not refused: ${Bun.inspect(value).slice(0, 200)}`);
}
