<?php
/**
 * A shop as people write it in PHP, with curl and openssl alone: places an order, receives its notification, queries it.
 * WeChat Pay is where it always is. Usage: php shop.php <folder with the keys> <merchant ID> <serial> <APIv3 key>
 */
declare(strict_types=1);

[, $folder, $mchid, $serial, $apiv3Key] = $argv;
$privateKey = openssl_pkey_get_private(file_get_contents("$folder/apiclient_key.pem"));
$publicKey = openssl_pkey_get_public(file_get_contents("$folder/pub_key.pem"));

function call(string $method, string $path, ?array $json = null): array
{
    global $mchid, $serial, $privateKey, $publicKeyId;
    $body = $json === null ? '' : json_encode($json, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    [$time, $nonce] = [time(), bin2hex(random_bytes(16))];
    openssl_sign("$method\n$path\n$time\n$nonce\n$body\n", $raw, $privateKey, OPENSSL_ALGO_SHA256);
    $signature = base64_encode($raw);
    $authorization = "WECHATPAY2-SHA256-RSA2048 mchid=\"$mchid\",nonce_str=\"$nonce\",signature=\"$signature\",timestamp=\"$time\",serial_no=\"$serial\"";
    $headers = [];
    $curl = curl_init("https://api.mch.weixin.qq.com$path");
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ["Authorization: $authorization", 'Accept: application/json', 'User-Agent: shop', 'Content-Type: application/json', "Wechatpay-Serial: $publicKeyId"],
        CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$headers) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    if ($body !== '') {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    $response = curl_exec($curl);
    if ($response === false) {
        throw new RuntimeException(curl_error($curl));
    }
    verify($headers, $response);
    return json_decode($response, true);
}

function verify(array $headers, string $body): void
{
    global $publicKey, $publicKeyId;
    $signed = "{$headers['wechatpay-timestamp']}\n{$headers['wechatpay-nonce']}\n$body\n";
    $isKnown = $headers['wechatpay-serial'] === $publicKeyId;
    if (!$isKnown || openssl_verify($signed, base64_decode($headers['wechatpay-signature']), $publicKey, OPENSSL_ALGO_SHA256) !== 1) {
        throw new RuntimeException('The signature is not of WeChat Pay.');
    }
}

/** One request to a server of this machine: its headers and its body. */
function receive($server): array
{
    $connection = stream_socket_accept($server, 10);
    fgets($connection);
    $headers = [];
    while (($line = trim(fgets($connection))) !== '') {
        [$name, $value] = explode(':', $line, 2);
        $headers[strtolower($name)] = trim($value);
    }
    $body = stream_get_contents($connection, (int) $headers['content-length']);
    fwrite($connection, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    fclose($connection);
    return [$headers, $body];
}

function decrypt(array $resource): array
{
    global $apiv3Key;
    $bytes = base64_decode($resource['ciphertext']);
    [$ciphertext, $tag] = [substr($bytes, 0, -16), substr($bytes, -16)];
    $plain = openssl_decrypt($ciphertext, 'aes-256-gcm', $apiv3Key, OPENSSL_RAW_DATA, $resource['nonce'], $tag, $resource['associated_data']);
    return json_decode($plain, true);
}

$publicKeyId = $argv[5];
$server = stream_socket_server('tcp://127.0.0.1:0');
$order = 'PHP' . time();
$created = call('POST', '/v3/pay/transactions/native', [
    'appid' => 'wxd678efh567hg6787',
    'mchid' => $mchid,
    'description' => '一杯茶',
    'out_trade_no' => $order,
    'notify_url' => 'http://' . stream_socket_get_name($server, false) . '/notify',
    'amount' => ['total' => 990],
]);
echo "$order {$created['code_url']}\n";
[$headers, $body] = receive($server);
verify($headers, $body);
$event = json_decode($body, true);
echo "{$event['event_type']} {$event['resource']['original_type']} ", decrypt($event['resource'])['amount']['total'], "\n";
echo call('GET', "/v3/pay/transactions/out-trade-no/$order?mchid=$mchid")['trade_state'], "\n";
