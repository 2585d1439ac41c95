#!/usr/bin/perl
# An SMSC made of Net::SMPP, which hands over the octets as they came. It
# prints its port, and writes a line of JSON for each message to the file that
# is named.
use strict;
use warnings;
use IO::Handle;
use Net::SMPP;
use Time::HiRes qw(time);

open(my $ledger, '>>', $ARGV[0]) or die "open ledger: $!";
$ledger->autoflush(1);
STDOUT->autoflush(1);
sub note { printf $ledger "{\"at\":%d,%s}\n", time() * 1000, $_[0]; }

my $serial = 0;
my %throttled;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, timeout => 300, smpp_version => 0x34, interface_version => 0x34) or die "listen: $!";
print $listener->sockport, "\n";
while (my $session = $listener->accept) {
    while (my $pdu = $session->read_pdu) {
        my ($cmd, $seq) = ($pdu->{cmd}, $pdu->{seq});
        if ($cmd == Net::SMPP::CMD_bind_transceiver) {
            my $known = $pdu->{system_id} eq 'esme' && $pdu->{password} eq 'secret';
            $session->bind_transceiver_resp(system_id => 'perl', status => $known ? 0 : 0x0e, seq => $seq);
        } elsif ($cmd == Net::SMPP::CMD_enquire_link) {
            $session->enquire_link_resp(seq => $seq);
        } elsif ($cmd == Net::SMPP::CMD_unbind) {
            note('"unbound":true');
            $session->unbind_resp(seq => $seq);
            last;
        } elsif ($cmd == Net::SMPP::CMD_submit_sm) {
            submit($session, $pdu);
        } elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp) {
            note(sprintf('"receipt":"%d","status":%d', $seq, $pdu->{status}));
        }
    }
    $session->close;
}

sub submit {
    my ($session, $pdu) = @_;
    my $to = $pdu->{destination_addr};
    if ($to =~ /0158$/ && !$throttled{$to}++) {
        note(qq("to":"$to","throttled":true));
        $session->submit_sm_resp(message_id => '', status => 0x58, seq => $pdu->{seq});
        return;
    }
    my $id = 'P' . ++$serial;
    note(sprintf('"to":"%s","id":"%s","coding":%d,"class":%d,"octets":"%s"',
        $to, $id, $pdu->{data_coding}, $pdu->{esm_class}, unpack('H*', $pdu->{short_message})));
    $session->submit_sm_resp(message_id => $id, status => 0, seq => $pdu->{seq});
    return unless $pdu->{registered_delivery};
    $session->deliver_sm(
        source_addr_ton => 1, source_addr_npi => 1, source_addr => $to, destination_addr => $pdu->{source_addr}, esm_class => 4,
        receipted_message_id => "$id\0", message_state => "\x02", async => 1,
        short_message => "id:$id sub:001 dlvrd:001 submit date:261122120000 done date:261122120100 stat:DELIVRD err:000 Text:",
    );
}
