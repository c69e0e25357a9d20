/** A row of toggle buttons. */

interface ChipsProps<One> {
  readonly label: string;
  readonly all: readonly One[];
  readonly isOn: (one: One) => boolean;
  readonly name: (one: One) => string;
  readonly onPress: (one: One) => void;
}

export function Chips<One extends string | number>(props: ChipsProps<One>) {
  const { label, all, isOn, name, onPress } = props;
  return (
    <fieldset className="chips">
      <legend className="sr-only">{label}</legend>
      {all.map((one) => (
        <button
          key={one}
          type="button"
          className="chip"
          aria-pressed={isOn(one)}
          onClick={() => onPress(one)}
        >
          {name(one)}
        </button>
      ))}
    </fieldset>
  );
}
