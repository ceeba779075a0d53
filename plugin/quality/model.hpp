// Every constant of the quality model, each with its reason. kScoreVersion goes into the row: raise it with any change
// here, so that scores of different meaning are never averaged unnoticed.
#pragma once

#include <cstdint>

namespace callroom::quality::model {

inline constexpr int kScoreVersion = 1;

// ---- Audio: ITU-T G.107 E-model, its delay impairment after Cole and Rosenbluth (2001) ----
inline constexpr double kBestR = 93.2;              // default rating of a wideband-free E-model with nothing impaired
inline constexpr double kFixedDelayMs = 26.5;       // Opus frame, lookahead and the playout of one frame
inline constexpr double kJitterDelay = 2.0;         // a jitter buffer holds about two jitters
inline constexpr double kDelaySlope = 0.024;        // points of R a millisecond
inline constexpr double kLateDelayMs = 177.3;       // from here on delay disturbs the turn-taking …
inline constexpr double kLateDelaySlope = 0.11;     // … and costs this much more
inline constexpr double kOpusImpairment = 0.0;      // Ie
inline constexpr double kWorstImpairment = 95.0;    // Iee at total loss
inline constexpr double kLossRobustness = 10.0;     // Bpl of Opus without in-band FEC
inline constexpr double kLossRobustnessFec = 20.0;  // and with it
inline constexpr double kRToScore = 0.932;          // R of 93.2 is a score of 100
inline constexpr double kMosSlope = 0.035;          // G.107 Annex B, for an R up to kBestR
inline constexpr double kMosCurve = 7e-6;
inline constexpr double kMosMiddle = 60.0;
inline constexpr double kMosEnd = 100.0;
inline constexpr double kMosLeast = 1.0;

// ---- Video: additive impairments, points each ----
inline constexpr double kResidualLoss = 10.0;  // a percent of packets missing for good
inline constexpr double kFrozen = 300.0;       // the whole time frozen
inline constexpr double kFrameRate = 25.0;     // each halving of the frame rate
inline constexpr double kHeight = 35.0;        // each halving of the height
inline constexpr double kBits = 14.0;          // each factor e under …
inline constexpr double kEnoughBits = 0.1;     // … these bits per pixel and frame
inline constexpr double kBestFrameRateQuantile = 0.9;

// ---- Sample ----
inline constexpr double kAudioWeight = 0.4;  // of the score with video; it is never better than the audio alone
inline constexpr double kVideoWeight = 0.6;
inline constexpr std::uint32_t kLeastAudioPackets = 100;  // fewer expected: too few to score
inline constexpr double kMostPaused = 0.5;                // share of a sample; more: the medium has no score
inline constexpr std::uint32_t kKeepSamples = 3;          // how long a value stands without a new report
inline constexpr std::uint32_t kAudioLossSamples = 5;     // 15 s of reports that come every 5 s

// ---- Session ----
inline constexpr double kMeanWeight = 0.7;
inline constexpr double kLowWeight = 0.3;
inline constexpr double kLowQuantile = 0.1;
inline constexpr double kPerDrop = 10.0;
inline constexpr double kMostForDrops = 30.0;
inline constexpr double kExcellent = 86.0;  // R 80
inline constexpr double kGood = 75.0;       // R 70
inline constexpr double kFair = 64.0;       // R 60
inline constexpr double kLeastMediaSeconds = 20.0;
inline constexpr std::uint64_t kLeastPackets = 500;
inline constexpr std::int64_t kDropUs = 5'000'000;  // silence of a peer whose media flowed
inline constexpr std::int64_t kQuietDropUs =
    12'000'000;                                  // of one that was muted: its reports alone come up to 7.5 s apart
inline constexpr double kFrameRateChange = 2.0;  // halved or doubled …
inline constexpr std::uint32_t kFrameRateChangeSamples = 2;  // … for so many samples is a quality change

// ---- Issues ----
inline constexpr std::uint32_t kIssueSamples = 3;
inline constexpr double kHighLatencyMs = 200, kCriticalLatencyMs = 400;
inline constexpr double kHighLossPct = 3, kCriticalLossPct = 10;
inline constexpr double kBurstRatio = 2, kBurstLossPct = 1;
inline constexpr double kHighJitterMs = 30, kCriticalJitterMs = 100;
inline constexpr double kLowFrameRate = 12, kCriticalFrameRate = 7;
inline constexpr double kFrozenShare = 0.05, kCriticalFrozenShare = 0.3;
inline constexpr double kLowBandwidthShare = 0.3, kLowBitsPerPixel = 0.02;
inline constexpr double kAmpleBitsPerPixel = 0.05;  // a camera that has these needs no more, whatever the room allows
inline constexpr double kKeyFrameStorm = 0.5;       // requests a second
inline constexpr std::int64_t kOneWayUs = 5'000'000;
inline constexpr std::uint32_t kCriticalDropIssue = 3;

}  // namespace callroom::quality::model
