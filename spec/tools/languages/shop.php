<?php
// A shop in plain PHP, with the openssl functions that the official documents show. It pays in the simulator, through its
// control API, and prints what came of it.
declare(strict_types=1);

$base = $argv[1];
$config = json_decode(file_get_contents("$base/_sim/config"), true);

function tell(string $name, array $body): array
{
    global $base;
    $options = ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode((object) $body)];
    return json_decode(file_get_contents("$base/_sim/$name", false, stream_context_create(['http' => $options])), true);
}

/** @return array{int, string} the status and the body, once its signature is verified. */
function call(string $method, string $target, ?array $json = null): array
{
    global $config;
    $body = $json === null ? '' : json_encode($json, JSON_UNESCAPED_UNICODE);
    [$timestamp, $nonce] = [(string) time(), bin2hex(random_bytes(16))];
    openssl_sign("$method\n$target\n$timestamp\n$nonce\n$body\n", $signature, $config['privateKey'], OPENSSL_ALGO_SHA256);
    $authorization = sprintf(
        'WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%s",signature="%s",timestamp="%s",serial_no="%s"',
        $config['mchid'], $nonce, base64_encode($signature), $timestamp, $config['serial']
    );
    $handle = curl_init(rtrim($config['base_uri'], '/') . $target);
    $headers = [];
    curl_setopt_array($handle, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => [
            "Authorization: $authorization", 'Accept: application/json', 'Content-Type: application/json', 'User-Agent: php',
        ],
        CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$headers): int {
            [$name, $value] = array_pad(explode(':', $line, 2), 2, '');
            $headers[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ] + ($body === '' ? [] : [CURLOPT_POSTFIELDS => $body]));
    $response = curl_exec($handle);
    $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
    // The files of bills are not signed.
    if (!str_contains($target, 'billdownload')) verify($headers, $response);
    return [$status, $response];
}

function verify(array $headers, string $body): void
{
    global $config;
    $message = "{$headers['wechatpay-timestamp']}\n{$headers['wechatpay-nonce']}\n$body\n";
    $signature = base64_decode($headers['wechatpay-signature']);
    $certificate = $config['certs'][$headers['wechatpay-serial']];
    if (openssl_verify($message, $signature, $certificate, OPENSSL_ALGO_SHA256) !== 1) exit('the signature is wrong');
}

/** Waits for one notification, verifies it, and returns its decrypted content. */
function receive($server): array
{
    global $config;
    $client = stream_socket_accept($server, 10);
    $headers = [];
    while (($line = trim(fgets($client))) !== '') {
        [$name, $value] = array_pad(explode(':', $line, 2), 2, '');
        $headers[strtolower($name)] = trim($value);
    }
    $body = stream_get_contents($client, (int) $headers['content-length']);
    fwrite($client, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    fclose($client);
    verify($headers, $body);
    $resource = json_decode($body, true)['resource'];
    $ciphertext = base64_decode($resource['ciphertext']);
    [$encrypted, $tag] = [substr($ciphertext, 0, -16), substr($ciphertext, -16)];
    $plaintext = openssl_decrypt(
        $encrypted, 'aes-256-gcm', $config['apiv3Key'], OPENSSL_RAW_DATA, $resource['nonce'], $tag, $resource['associated_data']
    );
    return json_decode($plaintext, true);
}

$server = stream_socket_server('tcp://127.0.0.1:0');
$notify = 'http://' . stream_socket_get_name($server, false) . '/';
[$status] = call('POST', '/v3/pay/transactions/native', [
    'appid' => 'wxd678efh567hg6787',
    'mchid' => $config['mchid'],
    'description' => '公仔',
    'out_trade_no' => 'PHP-0001',
    'notify_url' => $notify,
    'amount' => ['total' => 100],
]);
tell('pay', ['out_trade_no' => 'PHP-0001']);
$paid = receive($server);
call('POST', '/v3/refund/domestic/refunds', [
    'transaction_id' => $paid['transaction_id'],
    'out_refund_no' => 'PHP-R1',
    'notify_url' => $notify,
    'amount' => ['refund' => 30, 'total' => 100, 'currency' => 'CNY'],
]);
tell('settle', ['out_refund_no' => 'PHP-R1']);
$refunded = receive($server);
$date = substr($paid['success_time'], 0, 10);
tell('advance', ['days' => 1, 'hours' => 12]);
[, $bill] = call('GET', "/v3/bill/tradebill?bill_date=$date");
$url = parse_url(json_decode($bill, true)['download_url']);
[, $csv] = call('GET', "{$url['path']}?{$url['query']}");
[, $order] = call('GET', "/v3/pay/transactions/out-trade-no/PHP-0001?mchid={$config['mchid']}");
echo json_encode([
    'status' => $status,
    'notified' => [$paid['out_trade_no'], $refunded['refund_status']],
    'state' => json_decode($order, true)['trade_state'],
    'sha1' => sha1($csv) === json_decode($bill, true)['hash_value'],
    'rows' => substr_count($csv, 'PHP-0001'),
]);
