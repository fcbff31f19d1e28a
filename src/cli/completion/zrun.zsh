#compdef zrun
# zsh completion for zrun: source <(zrun completion zsh), or a file _zrun in a folder of $fpath
_zrun() {
  local value summary own=''
  local -a described=() open=()
  while IFS=$'\t' read -r value summary; do
    case $value in
      :files|:folders) own=$value ;;
      *=) open+=("$value") ;;
      *) described+=("${value//:/\\:}${summary:+:$summary}") ;;
    esac
  done < <("${words[1]}" completion --words "${(@)words[2,CURRENT]}" 2>/dev/null)
  local found=1
  if (( $#described )); then _describe -t values 'zrun' described && found=0; fi
  if (( $#open )); then compadd -S '' -- "${open[@]}" && found=0; fi
  case $own in
    :files) _files && found=0 ;;
    :folders) _files -/ && found=0 ;;
  esac
  return $found
}
if [ "${funcstack[1]}" = _zrun ]; then _zrun "$@"; else compdef _zrun zrun; fi
