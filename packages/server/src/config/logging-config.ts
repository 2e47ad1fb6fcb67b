/** Settings of the log (daemon.md §16), checked before all others, since problems are reported through it. */
import type { LoggingConfig } from './daemon-config.js';
import { quote } from './go-values.js';
import { invalid } from './report.js';
import type { Problem } from './report.js';
import type { Settings } from './settings.js';

const levels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;

/** How problems are logged when the settings of the log are themselves the problem. */
export const fallbackLogging: LoggingConfig = {
  level: 'info',
  format: 'json',
  outputs: ['default'],
};

export function loggingConfig(settings: Settings, problems: Problem[]): LoggingConfig {
  const before = problems.length;
  const logger = settings.text('logger');
  if (logger === 'capnslog') problems.push(invalid('--logger=capnslog is removed in v3.5'));
  else if (logger !== 'zap') problems.push(invalid(`unknown logger option ${quote(logger)}`));

  const word = settings.text('log-level');
  const lower =
    word === word.toLowerCase() || word === word.toUpperCase() ? word.toLowerCase() : '';
  // zap takes an empty level for info.
  const level = levels.find((known) => known === (word === '' ? 'info' : lower));
  if (level === undefined) {
    problems.push({ type: 'panic', text: `unrecognized level: ${quote(word)}` });
  }

  const format = settings.text('log-format');
  if (format !== 'json' && format !== 'console') {
    problems.push(invalid(`unknown log format: ${format}, supported values json, console`));
  }
  const outputs = checkOutputs(settings, problems);
  if (problems.length > before || level === undefined) return fallbackLogging;
  return { level, format: format === 'console' ? 'console' : 'json', outputs };
}

function checkOutputs(settings: Settings, problems: Problem[]): readonly string[] {
  const chosen = settings.list('log-outputs');
  const outputs = chosen.length === 0 ? ['default'] : chosen;
  if (outputs.includes('systemd/journal')) {
    problems.push(
      invalid(
        '--log-outputs: systemd/journal is not supported yet; stderr reaches the journal too',
      ),
    );
  } else if (outputs.length > 1 && outputs.includes('default')) {
    problems.push(invalid('multi logoutput for "default" is not supported yet'));
  }
  if (settings.isOn('enable-log-rotation')) {
    const files = outputs.filter((output) => !['default', 'stderr', 'stdout'].includes(output));
    if (files.length !== 1 || outputs.length !== 1) {
      problems.push(
        invalid(
          '--log-outputs requires a single file path when --log-rotate-config-json is defined',
        ),
      );
    } else {
      problems.push(
        invalid('--enable-log-rotation is not supported yet; use logrotate with copytruncate'),
      );
    }
  }
  return outputs;
}
