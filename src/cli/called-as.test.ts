// Commands under the name the program was called by.
import { expect, test } from 'vitest';
import { asCalled } from './called-as.ts';
import { COMMANDS } from './commands.ts';

test('every command is printed as it was called, and the name of the program stays', () => {
  for (const { name } of COMMANDS) {
    expect(asCalled(`Run \`gridmill ${name} x\`.`, { calledAs: './gridmill' })).toBe(`Run \`./gridmill ${name} x\`.`);
  }
  const text =
    'gridmill has no export "x"; gridmill runs a file; ./gridmill sweep; /opt/gridmill run; my-gridmill data';
  expect(asCalled(text, { calledAs: '$& /a b/gridmill' })).toBe(text);
  expect(asCalled('gridmill sweep', { calledAs: "'/a $& b/gridmill'" })).toBe("'/a $& b/gridmill' sweep");
});
