/**
 * Completion scripts of four shells. Each hands the words typed so far to `__complete`, which answers with one proposal per line
 * (a tab before its description) and last a colon and a number: 4 means that file names make no sense here.
 *
 * Our own, and shorter than those that etcdctl prints; they serve both names.
 */

/** Of a shell that `completion` accepts. */
export function completionScript(shell: string): string {
  switch (shell) {
    case 'bash':
      return bash;
    case 'zsh':
      return zsh;
    case 'fish':
      return fish;
    default:
      return powershell;
  }
}

const bash = `# bash completion for kvctl

_kvctl_complete() {
  local words=() replies=() line prefix index last directive=0
  # bash makes words of their own of '=' and what follows.
  for ((index = 1; index <= COMP_CWORD; index++)); do
    last=$((\${#words[@]} - 1))
    if ((last >= 0)) && [[ \${COMP_WORDS[index]} == = || \${COMP_WORDS[index - 1]} == = ]]; then
      words[last]+=\${COMP_WORDS[index]}
    else
      words+=("\${COMP_WORDS[index]}")
    fi
  done
  prefix=\${COMP_WORDS[COMP_CWORD]}
  [[ $prefix == = ]] && prefix=
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      "$prefix"*) replies+=("$line") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __completeNoDesc "\${words[@]}" 2>/dev/null)
  COMPREPLY=("\${replies[@]}")
  if ((directive & 4)); then compopt +o default 2>/dev/null; fi
}

complete -o default -F _kvctl_complete kvctl etcdctl
`;

const zsh = `#compdef kvctl etcdctl
compdef _kvctl kvctl etcdctl

_kvctl() {
  local -a lines proposals
  local line directive=0
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    elif [[ -n $line ]]; then
      line=\${line//:/\\\\:}
      proposals+=("\${line//$'\\t'/:}")
    fi
  done
  if (( $#proposals )); then
    compset -P '*='
    _describe kvctl proposals
  elif (( ! (directive & 4) )); then
    _files
  fi
}

if [[ $funcstack[1] == _kvctl ]]; then _kvctl; fi
`;

const fish = `# fish completion for kvctl

function __kvctl_proposals
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l option ''
    if string match -q -- '-*=*' $current
        set option (string replace -r '=.*' '=' -- $current)
    end
    for line in ($words[1] __complete $words[2..-1] $current 2>/dev/null)
        string match -q -- ':*' $line; or echo $option$line
    end
end

function __kvctl_takes_files
    set -l words (commandline -opc)
    set -l answer ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    test "$answer" = ':0'
end

for name in kvctl etcdctl
    complete -c $name -e
    complete -c $name -f -a '(__kvctl_proposals)'
    complete -c $name -n __kvctl_takes_files -F
end
`;

const powershell = `# PowerShell completion for kvctl

Register-ArgumentCompleter -Native -CommandName 'kvctl', 'etcdctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursorPosition } | ForEach-Object { $_.ToString() })
    $program = $words[0]
    $arguments = @($words | Select-Object -Skip 1)
    # An empty argument is lost on its way to a program unless it is quoted.
    if ($wordToComplete -eq '') { $arguments += '""' }
    $option = if ($wordToComplete -match '^-[^=]*=') { $Matches[0] } else { '' }
    & $program __complete @arguments 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $value }
        $text = $option + $value
        if ($text -like "$wordToComplete*") {
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
        }
    }
}
`;
