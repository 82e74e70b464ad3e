# Runs commands for the harness, many at a time, as long as its standard input is open (channel.rs). A request is a number and a length,
# 32 bits each, and the words of a command, parted by NUL. An answer is the number of its request, its kind in one octet, a
# length, and as many octets:
#   1  standard output    2  standard error    3  it ended, with this exit code, 128 + N after signal N
#   4  nobody holds its outputs any more
# Commands are root's, as `docker exec` starts them: in a session of their own, and nothing is their input.
use strict;
use warnings;
use POSIX ();

my %command;    # those that run, by process id
my %output;     # what they write to, by file descriptor
my $asked = '';
# to be interrupted while waiting; unlike 'IGNORE' that is not handed on to commands
$SIG{$_} = sub { } for qw(CHLD PIPE);

while (1) {
    my $wanted = '';
    vec($wanted, $_, 1) = 1 for 0, keys %output;
    # a signal that comes just before select() interrupts nothing
    my $found = select my $ready = $wanted, undef, undef, %command ? 0.25 : undef;
    if ($found > 0) {
        hear($_) for grep { vec($ready, $_, 1) } keys %output;
        requests() if vec($ready, 0, 1);
    }
    while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
        my $ended = delete $command{$pid} or next;
        my $signal = $? & 127;
        answer($ended->{id}, 3, $signal ? 128 + $signal : $? >> 8);
    }
}

sub requests {
    my $got = sysread STDIN, $asked, 65536, length $asked;
    exit if defined $got && !$got;
    while (length $asked >= 8) {
        my ($id, $length) = unpack 'NN', $asked;
        last if length $asked < 8 + $length;
        my @words = split /\0/, substr($asked, 8, $length), -1;
        substr $asked, 0, 8 + $length, '';
        begin($id, @words);
    }
}

sub hear {
    my $fd = shift;
    my ($handle, $command, $kind) = @{ $output{$fd} };
    my $got = sysread $handle, my $piece, 65536;
    if ($got) { answer($command->{id}, $kind, $piece) }
    elsif (defined $got) {
        delete $output{$fd};
        answer($command->{id}, 4, '') unless --$command->{open};
    }
}

sub begin {
    my ($id, @words) = @_;
    my ($pid, $out, $to_out, $err, $to_err);
    if (!(pipe($out, $to_out) && pipe($err, $to_err) && defined($pid = fork))) {
        answer($id, 2, "$words[0]: $!\n");
        answer($id, 3, 126);
        answer($id, 4, '');
        return;
    }
    if (!$pid) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $to_out;
        open STDERR, '>&', $to_err;
        no warnings 'exec';
        exec { $words[0] } @words;
        my ($why, $code) = ("$words[0]: $!\n", $! == POSIX::ENOENT() ? 127 : 126);
        syswrite STDERR, $why;
        POSIX::_exit($code);
    }
    my $command = $command{$pid} = { id => $id, open => 2 };
    $output{ fileno $out } = [$out, $command, 1];
    $output{ fileno $err } = [$err, $command, 2];
}

sub answer {
    my ($id, $kind, $text) = @_;
    my $frame = pack('NCN', $id, $kind, length $text) . $text;
    while (length $frame) {
        my $done = syswrite STDOUT, $frame;
        if (defined $done) { substr $frame, 0, $done, '' }
        elsif ($! != POSIX::EINTR()) { exit }
    }
}
