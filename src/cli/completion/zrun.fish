# fish completion for zrun: zrun completion fish | source
function __zrun_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] completion --words $words[2..-1] $current 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $current
            case ':folders'
                __fish_complete_directories $current
            case '*'
                echo $line
        end
    end
end
complete -c zrun -f -a '(__zrun_complete)'
