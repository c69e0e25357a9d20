/**
 * Returns the error of a rejected promise. Unlike `expect(…).rejects` in Bun, it runs no nested
 * event loop inside the test.
 * @throws Error if the promise is fulfilled, or rejected with another value
 */
export async function rejection(promise: Promise<unknown> | undefined): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`rejected with a value that is no Error: ${String(error)}`);
  }
  throw new Error(`not rejected: ${Bun.inspect(value).slice(0, 200)}`);
}
