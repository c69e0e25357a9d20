/** The same object but for one field; its private parts stay its own. */
export function withField<Whole extends object>(
  whole: Whole,
  name: keyof Whole,
  field: unknown,
): Whole {
  return new Proxy(whole, {
    get: (target, key) => {
      if (key === name) return field;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
