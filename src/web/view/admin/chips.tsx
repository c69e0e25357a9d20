/** A row of toggle buttons. */

interface ChipsProps<Value> {
  readonly label: string;
  readonly all: readonly Value[];
  readonly isOn: (value: Value) => boolean;
  readonly name: (value: Value) => string;
  readonly onPress: (value: Value) => void;
}

export function Chips<Value extends string | number>(props: ChipsProps<Value>) {
  const { label, all, isOn, name, onPress } = props;
  return (
    <fieldset className="chips">
      <legend className="sr-only">{label}</legend>
      {all.map((value) => (
        <button
          key={value}
          type="button"
          className="chip"
          aria-pressed={isOn(value)}
          onClick={() => onPress(value)}
        >
          {name(value)}
        </button>
      ))}
    </fieldset>
  );
}
