# bash completion for zrun: source <(zrun completion bash)
_zrun() {
  # Words as they are typed: bash splits them at : and =, too.
  local line=${COMP_LINE:0:COMP_POINT} rest word i
  local -a words=()
  rest=$line
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    local trimmed=${rest#"${rest%%[![:space:]]*}"}
    # What the cursor is in ends there.
    [[ $i -eq $COMP_CWORD ]] && word=$trimmed
    if [[ $i -gt 0 && $rest == "$trimmed" && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=${trimmed#"$word"}
  done
  local current=${words[${#words[@]} - 1]}
  # Where a word is split, what stands before the last part is there already.
  local kept=''
  if [[ $current == *[:=]* ]]; then kept=${current%"${current##*[:=]}"}; fi
  COMPREPLY=()
  local value summary
  while IFS=$'\t' read -r value summary; do
    case $value in
      :files) compopt -o filenames -o default 2>/dev/null ;;
      :folders)
        compopt -o filenames 2>/dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$current")
        ;;
      *)
        value=${value#"$kept"}
        # A parameter, or a pattern, is not at its end.
        case $value in *=) compopt -o nospace 2>/dev/null ;; esac
        COMPREPLY+=("$value")
        ;;
    esac
  done < <("${words[0]}" completion --words "${words[@]:1}" 2>/dev/null)
}
complete -F _zrun zrun
