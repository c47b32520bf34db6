/** JSON as YAML would write it, to be read and to be put into a config cell. Pure. */

const PLAIN = /^[A-Za-z_/.][\w ./@+=-]*$/;
const MEANS_SOMETHING = /^(?:true|false|null|yes|no|on|off|y|n|~|\.(?:inf|nan))$/i;

export function yaml(of: unknown, indent = ''): string {
  if (Array.isArray(of)) {
    return of.length === 0 ? '[]' : of.map(one => `\n${indent}- ${below(one, `${indent}  `)}`).join('');
  }
  if (typeof of === 'object' && of !== null) {
    const entries = Object.entries(of);
    if (entries.length === 0) {
      return '{}';
    }
    return entries
      .map(([key, value]) => {
        const words = yaml(value, `${indent}  `);
        return `\n${indent}${text(key)}:${words.startsWith('\n') ? words : ` ${words}`}`;
      })
      .join('');
  }
  return typeof of === 'string' ? text(of) : JSON.stringify(of);
}

/** The first line of a list's item stands beside its dash. */
function below(one: unknown, indent: string): string {
  return yaml(one, indent).replace(/^\n\s*/, '');
}

function text(of: string): string {
  return PLAIN.test(of) && !MEANS_SOMETHING.test(of) && of.trim() === of ? of : JSON.stringify(of);
}
