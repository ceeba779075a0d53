// The issue catalogue in words: what each code means, and what usually helps.

interface IssueWords {
  title: string;
  meaning: string;
  helps: string;
}

const kIssues: Record<string, IssueWords> = {
  high_latency: {
    title: 'High latency',
    meaning: 'Packets took over 200 ms to go and come back.',
    helps:
      'Run Janus nearer to these users, and look whether they come over a distant TURN server, a VPN or a mobile network.',
  },
  high_loss: {
    title: 'High packet loss',
    meaning: 'More than 3 % of the packets were lost.',
    helps:
      'Look whether one room, node or network has it: weak Wi-Fi shows with single users, an overfull uplink with whole nodes. A lower room bitrate relieves both.',
  },
  bursty_loss: {
    title: 'Loss in bursts',
    meaning: 'Packets were lost several in a row, which concealment and FEC cannot hide.',
    helps:
      'Typical of Wi-Fi interference and of queues that overflow: a cable or the 5 GHz band helps the user, smaller buffers in the router help everybody.',
  },
  high_jitter: {
    title: 'High jitter',
    meaning: 'Packets came at uneven intervals, by over 30 ms.',
    helps:
      'Something else shares the line. Give media priority in the router (DSCP, SQM), and check the load of the Janus host.',
  },
  low_frame_rate: {
    title: 'Low frame rate',
    meaning: 'Video was sent at under 12 frames a second.',
    helps:
      'The sender’s device is busy or its camera is in the dark. A smaller resolution or a codec done in hardware helps.',
  },
  frozen_video: {
    title: 'Frozen video',
    meaning: 'The picture stood still for over 5 % of the time.',
    helps:
      'Usually loss on the way down: see the loss of the same sessions. Lower the room’s bitrate, or make the room adapt.',
  },
  low_bandwidth: {
    title: 'Low bandwidth',
    meaning: 'Far less was sent than the room allows, or too little for the size of the picture.',
    helps:
      'The line is slower than the room’s bitrate supposes: lower it, or prefer VP9. On a TURN server, look at its bandwidth limits.',
  },
  keyframe_storm: {
    title: 'Key frame storm',
    meaning: 'Receivers asked for a full picture more than once every two seconds.',
    helps: 'Loss makes decoders start over. See who in the room loses packets; one such receiver is enough.',
  },
  one_way_media: {
    title: 'One-way media',
    meaning: 'One direction was dry while the other flowed.',
    helps:
      'A firewall or NAT lets packets out but not in. Offer TURN over TCP and TLS, and test it in the WebRTC Testing tab.',
  },
  connection_drop: {
    title: 'Connection drop',
    meaning: 'A connected user was unreachable for 5 seconds or more.',
    helps:
      'Users who change networks cause single drops. Many at one time point to the node: look at its restarts and its network.',
  },
  never_connected: {
    title: 'Never connected',
    meaning: 'The user joined, but no media connection came about.',
    helps:
      'No way through the firewall: check that a TURN server is configured and passes its test, and that the UDP ports of Janus are open.',
  },
};

export function issueWords(code: string): IssueWords {
  return kIssues[code] ?? { title: code.replaceAll('_', ' '), meaning: '', helps: '' };
}
