/** The ways from a view to the commands. Light: loads at start. */
import type { CommandRegistry } from '@lumino/commands';
import type { Doors } from '../renderers/job/doors';

export function doorsOf(commands: CommandRegistry): Doors {
  return {
    hasCommand: id => commands.hasCommand(id),
    execute: (id, args) => commands.execute(id, { ...args }),
    menu: (job, button, byKey, closed) => void import('./menu').then(({ openMenu }) => openMenu(commands, job, button, byKey, closed))
  };
}
